"""A stored message goes through its life as the table of moves says, and no other way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, Transition
from fanfare.errors import ConditionFailed
from fanfare.pipeline.complete import complete
from fanfare.store.batches import Batches, short_attributes
from fanfare.store.messages import Messages

from testing.memory_aws.aws import Memory
from tests.unit.domain.test_moves import MOVES

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def dynamodb() -> Any:
    return Memory(lambda: NOW, metered=False).dynamodb


@pytest.fixture
def messages(dynamodb: Any) -> Messages:
    return Messages(DynamoTable(dynamodb, "messages"))


def accepted(messages: Messages, state: State, *, expires_at: str | None = None) -> None:
    """A message without recipients, its fan-out at its end, in this state."""
    message = Message(
        id="one",
        state=state,
        caller="orders",
        topic="orders.shipped",
        template=None,
        channels=("email",),
        priority="normal",
        on_doubt="resend",
        shards=0,
        created_at="2027-01-01T08:00:00.000Z",
        send_at=None,
        expires_at=expires_at,
        retain_until=2_000_000_000,
    )
    payload = Payload(data={}, content=None, recipients=None)
    none = short_attributes([], [])
    messages.accept_with(Transaction(), message, payload, idempotency_key=None, fingerprint="", batches=none)


@pytest.mark.parametrize("to", State)
@pytest.mark.parametrize("state", State)
def test_a_move_is_written_where_the_table_allows_it_alone(messages: Messages, state: State, to: State) -> None:
    accepted(messages, state)
    if to in MOVES[state].split():
        assert messages.move("one", Transition(to=to), now=NOW).state is to
    else:
        with pytest.raises(ConditionFailed):
            messages.move("one", Transition(to=to), now=NOW)
    found = messages.get("one")
    assert found is not None
    assert found.state is (to if to in MOVES[state].split() else state)


@pytest.mark.parametrize("state", State)
def test_only_what_is_being_worked_on_comes_to_rest(dynamodb: Any, messages: Messages, state: State) -> None:
    """One that is pending is not: what failed of it may yet have to be opened again."""
    accepted(messages, state, expires_at="2027-01-01T07:59:59.000Z")
    batches = Batches(DynamoTable(dynamodb, "batches"), DynamoTable(dynamodb, "messages"))
    rest = complete(
        "one",
        messages=messages,
        batches=batches,
        now=NOW,
    )
    assert (rest is not None) is (state in {State.ACTIVE, State.STALE})
