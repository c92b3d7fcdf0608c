"""Where somebody else is always first, a write ends after a number of calls, with an error that may pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.domain.audience import Subscription
from fanfare.domain.batch import Batch, BatchState
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload
from fanfare.errors import Unavailable
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.messages import Messages

from testing.memory_aws.aws import Memory
from testing.memory_aws.errors import refused

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
ATTEMPTS = 16
OF_ANSWERS = 30  # a user's answers meet in one row
MESSAGE = Message(
    id="one",
    state=State.PENDING,
    caller="orders",
    topic="news",
    template=None,
    channels=("email",),
    priority="normal",
    on_doubt="resend",
    shards=1,
    created_at="2027-01-01T08:00:00.000Z",
    send_at=None,
    expires_at=None,
    retain_until=2_000_000_000,
)
ADA = {"email": "ada@example.com"}


class House:
    """The repositories over one memory, in which `conflicts` calls of an operation meet another transaction."""

    def __init__(self) -> None:
        self.memory = Memory(lambda: NOW)
        self.waits: list[float] = []
        self.conflicts: dict[str, int] = {}
        self.audience = Audience(self.table("audience"))
        self.messages = Messages(self.table("messages"))
        self.batches = Batches(self.table("batches"), self.table("messages"))
        self.catalogue = Catalogue(self.table("catalogue"))
        self.audience.users.put("ada", ADA)
        self.audience.subscriptions.add(
            Subscription(user_id="ada", topic="news", channel="email", created_at="then"), shards=1
        )
        self.memory.usage.calls.clear()

    def table(self, name: str) -> DynamoTable:
        client: Any = self.memory.dynamodb
        return DynamoTable(client, name, sleep=self.waits.append)

    def never_gives_way(self) -> None:
        self.memory.interpose = self._in_the_way
        self.conflicts = {"dynamodb:TransactWriteItems": 10_000, "dynamodb:UpdateItem": 10_000}

    def _in_the_way(self, name: str, work: Callable[[], Any]) -> Any:
        if self.conflicts.get(name, 0) > 0:
            self.conflicts[name] -= 1
            raise refused("TransactionConflictException", "", name)
        return work()

    @property
    def writes(self) -> int:
        calls = self.memory.usage.calls
        return calls["dynamodb:TransactWriteItems"] + calls["dynamodb:UpdateItem"]


WORK: dict[str, Callable[[House], object]] = {
    "accept": lambda house: house.messages.accept(MESSAGE, Payload(), idempotency_key="key", fingerprint="f"),
    "accept without a key": lambda house: house.messages.accept(
        MESSAGE, Payload(), idempotency_key=None, fingerprint="f"
    ),
    "seal": lambda house: house.messages.progress.seal(MESSAGE, now=NOW),
    "put users": lambda house: house.audience.users.put_many({"bob": {"name": "Bob"}, "cy": {"name": "Cy"}}),
    "put a user": lambda house: house.audience.users.put("bob", {"name": "Bob"}),
    "change a user": lambda house: house.audience.users.change("bob", lambda _: {"name": "Bob"}),
    "change a known user": lambda house: house.audience.users.change_known("ada", lambda _: {"name": "Ada"}),
    "who signed up": lambda house: house.audience.users.signed_up(
        "email", {"email": "bob@example.com"}, new="bob", forget=2_000_000_000
    ),
    "copy a suppression": lambda house: house.audience.suppressions.remove("email", "ada@example.com"),
    "subscribe": lambda house: house.audience.subscriptions.add(
        Subscription(user_id="ada", topic="other", channel="email", created_at="then"), shards=1
    ),
    "unsubscribe": lambda house: house.audience.subscriptions.remove("ada", "news", "email"),
    "add a version": lambda house: house.catalogue.add_version("hello", {}, created_at="now"),
}


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("what", WORK)
def test_a_write_that_always_meets_another_ends_unavailable(house: House, what: str) -> None:
    house.never_gives_way()
    calls = OF_ANSWERS if what in ("subscribe", "unsubscribe") else ATTEMPTS
    waits = calls - 1
    if what == "put users":
        calls += 1  # once together, then alone
    with pytest.raises(Unavailable) as error:
        WORK[what](house)
    assert (error.value.status, error.value.retryable) == (503, True)
    assert house.writes == calls
    assert len(house.waits) == waits
    assert max(house.waits) <= 0.5
    assert len(set(house.waits)) == waits


@pytest.mark.parametrize("what", WORK)
def test_a_write_that_meets_another_twice_is_done(house: House, what: str) -> None:
    house.memory.interpose = house._in_the_way
    house.conflicts = {"dynamodb:TransactWriteItems": 2, "dynamodb:UpdateItem": 2}
    WORK[what](house)
    assert 3 <= house.writes <= 4
    assert 1 <= len(house.waits) <= 2


JOB = Job(message_id="one", batch_id="0000-000000-00", generation=1)


@pytest.fixture
def batch(house: House) -> None:
    names: Any = {"message_id": "one", "shard": 0, "id": JOB.batch_id, "channel": "email"}
    transaction = Transaction()
    state = BatchState(**names, generation=1, codes=".", due_at="2027-01-01T08:02:00.000Z")
    house.batches.open(transaction, Batch(**names, recipients=("ada",)), state)
    transaction.run()
    house.memory.usage.calls.clear()


@pytest.mark.usefixtures("batch")
def test_a_lease_that_always_meets_a_transaction_is_given_back_and_not_taken_for_done(house: House) -> None:
    house.never_gives_way()
    taken = house.batches.leases.take_many([JOB], owner="worker", now=NOW, until=NOW)
    assert taken.leased == {}
    assert taken.unknown == (JOB,)
    assert house.writes == 4


@pytest.mark.usefixtures("batch")
def test_a_lease_that_meets_a_transaction_once_is_taken(house: House) -> None:
    house.memory.interpose = house._in_the_way
    house.conflicts = {"dynamodb:UpdateItem": 1}
    taken = house.batches.leases.take_many([JOB], owner="worker", now=NOW, until=NOW)
    assert [*taken.leased] == [JOB]
    assert taken.unknown == ()


@pytest.mark.usefixtures("batch")
def test_a_batch_that_another_worker_has_is_nothing_to_do(house: House) -> None:
    later = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    house.batches.leases.take_many([JOB], owner="first", now=NOW, until=later)
    taken = house.batches.leases.take_many([JOB], owner="second", now=NOW, until=later)
    assert (taken.leased, taken.unknown) == ({}, ())
