"""Every single fault, and a sample of pairs: the rest runs in `make faults`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.enumeration import calls, pairs, play, singles
from tests.faults.scenarios import SCENARIOS, SMALL, Scenario, small_pages

EVERY = 29  # of the pairs, one in so many


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_single_fault_loses_or_doubles_anything(scenario: Scenario) -> None:
    tally = play(scenario, singles(calls(scenario)))
    assert not tally.bad, tally.examples
    assert tally.schedules > 100


@pytest.mark.parametrize("scenario", SMALL, ids=lambda scenario: scenario.name)
def test_no_two_faults_lose_or_double_anything(scenario: Scenario) -> None:
    schedules = [schedule for place, schedule in enumerate(pairs(calls(scenario))) if place % EVERY == 0]
    tally = play(scenario, schedules)
    assert not tally.bad, tally.examples


def test_a_lost_answer_without_a_receipt_is_sent_again_and_that_is_all() -> None:
    """The window in which a duplicate is possible: it exists, and it is as wide as we say."""
    tally = play(SMALL[1], singles(calls(SMALL[1])))
    assert tally.duplicates > 0
    assert tally.unexplained == 0


def test_with_receipts_a_lost_answer_is_not_sent_again() -> None:
    tally = play(SMALL[0], singles(calls(SMALL[0])))
    assert tally.duplicates == 0
