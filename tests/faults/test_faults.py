"""Every single fault and every pair in the small scenarios; the rest runs in `make faults`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from testing.memory_aws.calls import PARTIAL
from tests.faults.exploration import Exploration, Lead
from tests.faults.scenarios import SCENARIOS, SMALL, Scenario, small_pages


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


# `make faults` plays all of them
LONG: Final = {"four channels", "near the end", "adversary, limited"}
SINGLY = [pytest.param(each, id=each.name, marks=pytest.mark.long if each.name in LONG else ()) for each in SCENARIOS]


@pytest.mark.parametrize("scenario", SINGLY)
def test_no_single_fault_loses_or_doubles_anything(scenario: Scenario) -> None:
    exploration = Exploration(scenario)
    assert not exploration.tally([exploration.start]).bad
    tally = exploration.tally(exploration.faults([exploration.start]))
    assert not tally.bad, tally.examples
    calls = exploration.calls()
    partial = sum(name in PARTIAL for name in calls)
    dynamodb = sum(name.startswith("dynamodb:") for name in calls)
    assert tally.schedules == 3 * len(calls) + partial + dynamodb > 100


@pytest.mark.long  # `make faults` plays the pairs of all small scenarios
@pytest.mark.parametrize(
    "scenario", [each for each in SMALL if each.channels == ("email",)], ids=lambda scenario: scenario.name
)
def test_no_two_faults_lose_or_double_anything(scenario: Scenario) -> None:
    exploration = Exploration(scenario)
    tally = exploration.tally(exploration.faults(exploration.faults([exploration.start])))
    assert not tally.bad, tally.examples
    assert tally.schedules > 10_000


def test_a_lost_answer_without_a_receipt_is_sent_again_and_that_is_all() -> None:
    """The window in which a duplicate is possible: it exists, and it is as wide as we say."""
    exploration = Exploration(SMALL[1])
    tally = exploration.tally(exploration.faults([exploration.start]))
    assert tally.duplicates > 0
    assert tally.unexplained == 0


def test_with_receipts_a_lost_answer_is_not_sent_again() -> None:
    exploration = Exploration(SMALL[0])
    assert exploration.tally(exploration.faults([exploration.start])).duplicates == 0


def test_a_schedule_played_by_itself_ends_as_those_that_are_counted_with_it() -> None:
    exploration = Exploration(SMALL[1])
    lead = Lead(next(exploration.each(exploration.start)).moment)
    alone = [Exploration(SMALL[1]).end(after.moment) for after in exploration.each(lead)]
    together = Exploration(SMALL[1]).tally(exploration.faults([lead]))
    assert len(alone) == together.schedules > together.played
    assert sum(len(verdict.duplicates) for verdict in alone) == together.duplicates > 0


def test_a_worker_that_dies_leaves_in_doubt_what_it_was_handing_over_and_nobody_else() -> None:
    """Who fails without a call of the provider was in the one call that the worker had noted before it died.

    Three messages, each with a batch of two and one of one; two of the latter share a call, and have a note each.
    """
    scenario = next(each for each in SCENARIOS if each.name == "hold several")
    exploration = Exploration(scenario)
    held: Counter[tuple[str, int]] = Counter()
    for lead in exploration.each(exploration.start):
        verdict = exploration.end(lead.moment)
        assert not verdict.bad, (lead.path, verdict)
        held[lead.path[0], len(verdict.held)] += 1
    in_doubt = {(path, number) for path, number in held if number}
    # between the note of a batch of one or two and its call
    assert in_doubt == {("dynamodb:UpdateItem die", 1), ("dynamodb:UpdateItem die", 2)}
    assert sum(held[path, number] for path, number in in_doubt) == 6
    assert exploration.calls().count("ses:SendBulkEmail") == 5
