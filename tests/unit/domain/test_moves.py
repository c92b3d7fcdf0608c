"""The life cycle is one table; these are the facts about it that people rely on."""

from __future__ import annotations

import pytest
from fanfare.domain.lifecycle import AT_REST, MAY_BECOME, MEANING, State, may_come_from
from fanfare.domain.outcomes import Outcome

MOVES = {
    "pending": "active stale failed deleted",
    "active": "sent failed stale deleted",
    "stale": "pending active sent failed deleted",
    "failed": "pending deleted",
    "sent": "deleted",  # an item of it lies in a digest that is not closed
    "deleted": "",
}


def test_the_moves_are_those_of_the_design() -> None:
    assert {state.value: set(targets) for state, targets in MAY_BECOME.items()} == {
        state: set(targets.split()) for state, targets in MOVES.items()
    }


def test_every_state_has_a_meaning() -> None:
    assert set(MEANING) == set(MAY_BECOME) == set(State)


@pytest.mark.parametrize("state", State)
def test_where_a_state_may_come_from_is_the_table_read_backwards(state: State) -> None:
    assert {*may_come_from(state)} == {origin for origin, targets in MOVES.items() if state in targets.split()}


def test_deleted_is_an_end_and_sent_may_only_be_deleted() -> None:
    ends = {state for state in State if MAY_BECOME[state] <= {State.DELETED}}
    assert ends == {State.SENT, State.DELETED}
    assert MAY_BECOME[State.DELETED] == frozenset()
    assert {State.SENT, State.FAILED, State.DELETED} == AT_REST


def test_nothing_is_resurrected_from_deleted() -> None:
    assert all(State.DELETED not in may_come_from(state) for state in State)


def test_an_outcome_is_one_letter_of_a_batchs_codes() -> None:
    assert all(len(outcome.value) == 1 for outcome in Outcome)
    labels = {outcome: outcome.label for outcome in Outcome}
    assert labels == {
        Outcome.OUTSTANDING: "pending",
        Outcome.IN_DOUBT: "pending",
        Outcome.SENT: "sent",
        Outcome.FAILED: "failed",
        Outcome.SKIPPED: "skipped",
        Outcome.DELETED: "deleted",
        Outcome.DIGESTED: "digested",
    }
