"""Who gets it later waits in a deferred batch: none is lost, none leaves early, and the rules of that time hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from fanfare.clock import to_text
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome

from tests.faults.exploration import Exploration
from tests.faults.scenarios import LATER, SEVEN, Scenario, small_pages
from tests.faults.times import MINUTE, START
from tests.faults.world import World

REMINDER = ({"channels": ["push"]}, {"after": "PT10M", "channels": ["email"], "unless": "sent"})
HALF_PAST = START + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def until(world: World, minutes: int) -> None:
    """Let time pass until so many minutes after the begin."""
    end = START + minutes * MINUTE
    while world.now < end:
        if not any(map(world.step, ("fan_out", *world.channels, "record_receipt"))):
            world.now += MINUTE
            world.reconcile()


# `make faults` plays all of them
SINGLY = [pytest.param(each, id=each.name, marks=pytest.mark.long if each.users == SEVEN else ()) for each in LATER]


@pytest.mark.parametrize("scenario", SINGLY)
def test_no_single_fault_loses_doubles_or_hastens_anything(scenario: Scenario) -> None:
    exploration = Exploration(scenario)
    assert not exploration.tally([exploration.start]).bad
    tally = exploration.tally(exploration.faults([exploration.start]))
    assert not tally.bad, tally.examples


@pytest.mark.long  # `make faults` plays them, too
@pytest.mark.parametrize("scenario", [each for each in LATER if each.faults > 1], ids=lambda scenario: scenario.name)
def test_no_two_faults_lose_double_or_hasten_anything(scenario: Scenario) -> None:
    exploration = Exploration(scenario)
    tally = exploration.tally(exploration.faults(exploration.faults([exploration.start])))
    assert not tally.bad, tally.examples


def test_a_scheduled_message_is_chosen_up_to_an_hour_ahead_and_pending_until_its_time() -> None:
    world = World()
    world.prepare(("a", "b", "c"), limit={"count": 3, "per_seconds": 3600, "overflow": "defer"})
    message = world.post(send_at=to_text(START + timedelta(hours=2)))
    until(world, 55)
    assert world.outcomes(message) == {}
    until(world, 65)
    assert {*world.codes(message).values()} == {Outcome.OUTSTANDING}
    assert len(world.codes(message)) == 3
    assert world.state(message) is State.PENDING
    world.rest(message)
    assert [entry["state"] for entry in world.known(message).timeline] == ["pending", "active", "sent"]
    assert world.known(message).timeline[1]["at"] >= to_text(START + timedelta(hours=2))
    due = START + timedelta(hours=2)
    assert all(due <= at < due + timedelta(seconds=10) for at, _, _ in world.provider.taken_at)


def test_who_unsubscribes_between_choice_and_time_gets_nothing() -> None:
    world = World()
    world.prepare(("a", "b"))
    message = world.post(send_at=to_text(HALF_PAST))
    until(world, 10)
    assert len(world.codes(message)) == 2
    world.audience.subscriptions.remove("a", "news", "email")
    world.rest(message)
    assert world.codes(message) == {"a": Outcome.SKIPPED, "b": Outcome.SENT}
    assert world.provider.copies(message) == {"b": 1}


def test_a_message_whose_recipients_are_all_skipped_ahead_ends_at_its_time() -> None:
    world = World()
    world.prepare(("a",))
    world.audience.users.opt_out("a", True)
    message = world.post(send_at=to_text(HALF_PAST))
    until(world, 20)
    assert world.state(message) is State.PENDING
    world.rest(message)
    assert world.state(message) is State.SENT
    ended = world.known(message).timeline[-1]["at"]
    assert to_text(HALF_PAST) <= ended < to_text(HALF_PAST + timedelta(minutes=1))  # not when the reconciler finds it


def test_a_deletion_between_choice_and_time_withholds_everybody() -> None:
    world = World()
    world.prepare(("a", "b"))
    message = world.post(send_at=to_text(HALF_PAST))
    until(world, 10)
    assert world.delete(message) == {"state": "deleted", "already_sent": 0, "in_flight": 0, "withheld": 2}
    until(world, 60)
    assert world.provider.accepted == []


def test_a_charge_for_its_time_holds_back_no_message_before() -> None:
    world = World()
    world.prepare(("a",), limit={"count": 1, "per_seconds": 600, "overflow": "drop"})
    scheduled = world.post(send_at=to_text(HALF_PAST))
    until(world, 5)
    world.now += timedelta(seconds=1)
    other = world.post(key="key-2")
    world.rest(scheduled, other)
    assert world.codes(other) == world.codes(scheduled) == {"a": Outcome.SENT}


def test_who_was_reached_by_the_first_step_needs_no_second() -> None:
    world = World()
    world.prepare(("a",), channels=("push", "email"))
    message = world.post(steps=REMINDER)
    until(world, 5)
    assert world.outcomes(message) == {("a", "push"): Outcome.SENT, ("a", "email"): Outcome.OUTSTANDING}
    assert world.state(message) is State.ACTIVE
    world.rest(message)
    assert world.outcomes(message) == {("a", "push"): Outcome.SENT, ("a", "email"): Outcome.SKIPPED}
    assert world.state(message) is State.SENT


@pytest.mark.parametrize(("code", "status"), [("InternalFailure", 500), ("EndpointDisabled", 400)])
def test_the_second_step_leaves_if_the_provider_of_the_first_takes_nothing(
    code: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.prepare(("a",), channels=("push", "email"))
    said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    monkeypatch.setattr(world.provider, "publish", Mock(side_effect=ClientError(said, "Publish")))
    message = world.post(steps=REMINDER, recipients=["a"])
    world.rest(message)
    assert world.outcomes(message) == {("a", "push"): Outcome.FAILED, ("a", "email"): Outcome.SENT}
    ((at, _, _),) = world.provider.taken_at
    assert START + 10 * MINUTE <= at < START + 12 * MINUTE


def test_a_step_to_one_person_leaves_at_its_second_though_the_reconciler_runs_once_a_minute() -> None:
    world = World()
    world.prepare(("a",), channels=("push", "email"))
    world.post(steps=[{"channels": ["push"]}, {"after": "PT10M", "channels": ["email"]}], recipients=["a"])
    world.now += timedelta(seconds=30)
    until(world, 9)
    while world.now < START + 12 * MINUTE:
        if not any(map(world.step, world.channels)):
            world.sleep(1)
    (at,) = [at for at, _, _ in world.provider.taken_at if at > START + MINUTE]
    assert START + 10 * MINUTE <= at < START + 10 * MINUTE + timedelta(seconds=2)


def test_a_step_whose_time_has_come_before_the_fan_out_still_lets_the_first_go_ahead() -> None:
    world = World()
    world.prepare(("a",), channels=("push", "email"))
    message = world.post(steps=REMINDER)
    world.now += 15 * MINUTE  # the queue was down
    world.rest(message)
    assert world.outcomes(message) == {("a", "push"): Outcome.SENT, ("a", "email"): Outcome.SKIPPED}


def test_the_limit_of_the_moment_at_which_a_step_is_due_holds() -> None:
    world = World()
    world.prepare(("a",), channels=("push", "email"), limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    waiting = world.post(steps=({"channels": ["push"]}, {"after": "PT10M", "channels": ["email"]}))
    until(world, 5)
    other = world.post(key="key-2", channels=["email"])  # the step is not charged before it is due
    until(world, 9)
    assert world.outcomes(other) == {("a", "email"): Outcome.SENT}
    world.rest(waiting)
    assert world.outcomes(waiting)["a", "email"] is Outcome.SKIPPED


def test_a_step_of_who_was_erased_is_deleted() -> None:
    world = World()
    world.prepare(("a",), channels=("push", "email"))
    message = world.post(steps=REMINDER)
    until(world, 5)
    world.audience.users.table.delete("user#a", "user")
    world.rest(message)
    assert world.outcomes(message)["a", "email"] is Outcome.DELETED
    assert world.state(message) is State.SENT
