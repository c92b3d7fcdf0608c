"""What time passes for is asked again before it leaves: quiet hours, limits, subscriptions and the expiry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome

from testing.memory_aws.errors import refused
from tests.faults.modes import Fault
from tests.faults.scenarios import THREE, small_pages
from tests.faults.times import PACE
from tests.faults.world import World

NIGHT = {"start": "22:00", "end": "07:00"}
ONE_A_DAY = {"count": 1, "per_seconds": 86_400, "overflow": "defer"}
A_FEW_MINUTES = timedelta(minutes=5)  # the reconciler's, and of the queues


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 1, day, hour, minute, tzinfo=UTC)


def world_of(users: Sequence[str] = ("ada",), *, asleep: Sequence[str] = ("ada",), **topic: Any) -> World:
    """It is 18:00 on the first; who sleeps has quiet hours from 22:00 to 07:00."""
    world = World()
    world.prepare(users, **topic)
    for user in asleep:
        world.audience.users.put(user, {"email": f"{user}@example.com", "name": user, "quiet_hours": NIGHT})
    world.now = world.last_reconcile = on(1, 18)
    world.end = on(9, 0)
    return world


def left_at(world: World, message: str) -> dict[str, datetime]:
    """When the message left for whom; each once."""
    found = [(user, at) for at, of, user in world.provider.taken_at if of == message]
    assert len(found) == len(dict(found))
    return dict(found)


def until(world: World, now: datetime, *messages: str) -> None:
    while world.now < now:
        assert not world.tick(messages)


def test_a_mail_held_back_by_the_daily_quota_leaves_when_the_quiet_hours_end() -> None:
    world = world_of()
    world.provider.quota_until = on(2, 2, 30)
    message = world.post()
    world.rest(message)
    assert on(2, 7) <= left_at(world, message)["ada"] <= on(2, 7) + A_FEW_MINUTES
    assert world.state(message) is State.SENT
    assert world.known(message).counts == {
        "recipients": 1, "sent": 1, "failed": 0, "skipped": 0, "deleted": 0, "digested": 0, "outstanding": 0,
    }  # fmt: skip


def test_a_critical_mail_held_back_by_the_daily_quota_leaves_as_soon_as_it_can() -> None:
    world = world_of()
    world.provider.quota_until = on(2, 2, 30)
    message = world.post(priority="critical")
    world.rest(message)
    assert on(2, 2, 30) <= left_at(world, message)["ada"] <= on(2, 2, 30) + timedelta(minutes=20)


def test_retries_do_not_reach_into_the_quiet_hours() -> None:
    world = world_of()
    world.now = world.last_reconcile = on(1, 21, 40)
    world.provider.puts_off["ada"] = 6
    message = world.post()
    world.rest(message)
    assert on(2, 7) <= left_at(world, message)["ada"]


def test_who_waits_for_the_morning_is_outstanding_until_then_and_no_attempt_is_spent() -> None:
    world = world_of()
    world.provider.quota_until = on(2, 2, 30)
    message = world.post()
    until(world, on(2, 3), message)
    (state,) = world.batches.open_batches(message, world.known(message).shards)
    assert (state.codes, state.waiting, state.due_at) == (".", "deferred", "2027-01-02T07:00:00.000Z")
    assert (state.attempts, state.lease_owner) == (0, None)
    assert not world.memory.sqs.queues.get("email")


def test_who_is_awake_gets_it_while_another_of_the_same_batch_waits_for_the_morning() -> None:
    world = world_of(THREE[:2], asleep=THREE[:1])
    world.provider.quota_until = on(2, 2, 30)
    message = world.post()
    world.rest(message)
    times = left_at(world, message)
    assert on(2, 2, 30) <= times[THREE[1]] <= on(2, 2, 45)
    assert on(2, 7) <= times[THREE[0]] <= on(2, 7) + A_FEW_MINUTES
    assert world.codes(message) == dict.fromkeys(THREE[:2], Outcome.SENT)


def test_two_of_a_batch_who_wake_at_different_times_are_reached_each_at_their_own() -> None:
    world = world_of(THREE[:2], asleep=())
    for user, zone in zip(THREE, ("Europe/Vienna", "America/New_York"), strict=False):
        profile = {"email": f"{user}@example.com", "quiet_hours": {"start": "20:00", "end": "08:00"}, "time_zone": zone}
        world.audience.users.put(user, profile)
    world.provider.quota_until = on(2, 4)
    message = world.post()
    world.rest(message)
    times = left_at(world, message)
    assert on(2, 7) <= times[THREE[0]] <= on(2, 7) + A_FEW_MINUTES  # 08:00 in Vienna
    assert on(2, 13) <= times[THREE[1]] <= on(2, 13) + A_FEW_MINUTES  # 08:00 in New York


def test_a_copy_for_who_is_in_doubt_waits_for_the_morning_too() -> None:
    world = world_of()
    world.now = world.last_reconcile = on(1, 21, 59)
    world.provider.receipts = False
    world.provider.night, world.provider.asleep = (on(1, 22), on(2, 7)), frozenset({"ada"})
    message = world.post()
    world.step("fan_out")
    world.once(lambda there: there.step("email"), _lost(world))
    world.rest(message)
    assert not world.wrong
    assert world.provider.copies(message) == {"ada": 2}  # the window in which a duplicate is possible
    assert max(at for at, *_ in world.provider.taken_at) >= on(2, 7)


def _lost(world: World) -> Fault:
    """The call of the provider in the next step loses its answer."""
    moment = world.save()
    calls = _watched(world)
    world.step("email")
    world.memory.interpose = world.interpose
    world.load(moment)
    world.provider.taken_at.clear()
    return Fault(calls.index("ses:SendBulkEmail"), "lose")


def _watched(world: World) -> list[str]:
    """The names of the calls from now on."""
    calls: list[str] = []

    def interpose(name: str, work: Callable[[], Any]) -> Any:
        calls.append(name)
        return work()

    world.memory.interpose = interpose
    return calls


def test_who_unsubscribes_between_two_attempts_gets_nothing() -> None:
    world = world_of(asleep=())
    world.provider.puts_off["ada"] = 1
    message = world.post()
    world.step("fan_out")
    world.step("email")
    world.audience.subscriptions.remove("ada", "news", "email")
    world.rest(message)
    assert world.codes(message) == {"ada": Outcome.SKIPPED}
    with world.unwatched():
        record = world.deliveries.get_many([("ada", message, "email")])["ada", message, "email"]
    assert record.reason == "not_subscribed"


def test_who_unsubscribes_from_a_required_topic_gets_the_retry() -> None:
    world = world_of(asleep=(), required=True)
    world.provider.puts_off["ada"] = 1
    message = world.post()
    world.step("fan_out")
    world.step("email")
    world.audience.subscriptions.remove("ada", "news", "email")
    world.rest(message)
    assert world.codes(message) == {"ada": Outcome.SENT}


def test_who_can_be_reached_only_after_the_expiry_is_skipped_at_the_retry_and_nobody_waits_for_it() -> None:
    world = world_of()
    world.provider.quota_until = on(2, 2, 30)
    message = world.post(expires_at="2027-01-02T06:00:00Z")
    world.rest(message)
    assert world.now <= on(1, 22, 30)
    assert world.codes(message) == {"ada": Outcome.SKIPPED}
    with world.unwatched():
        record = world.deliveries.get_many([("ada", message, "email")])["ada", message, "email"]
    assert record.reason == "expired"
    assert world.state(message) is State.SENT


# Limits


def test_of_two_mails_with_one_a_day_the_one_that_is_late_goes_in_the_morning_and_the_other_a_day_later() -> None:
    world = world_of(limit=ONE_A_DAY)
    world.provider.quota_until = on(2, 2, 30)
    first, second = world.post(key="one"), world.post(key="two")
    world.rest(first, second)
    times = [left_at(world, message)["ada"] for message in (first, second)]
    assert on(2, 7) <= times[0] <= on(2, 7) + A_FEW_MINUTES
    assert times[0] + timedelta(days=1) <= times[1] <= times[0] + timedelta(days=1, hours=1)
    assert {world.state(message) for message in (first, second)} == {State.SENT}


def test_a_mail_posted_in_the_night_waits_a_day_from_when_the_one_before_it_leaves() -> None:
    world = world_of(limit=ONE_A_DAY)
    world.provider.quota_until = on(2, 2, 30)
    first = world.post(key="one")
    until(world, on(2, 3), first)
    second = world.post(key="two")
    world.rest(first, second)
    times = [left_at(world, message)["ada"] for message in (first, second)]
    assert on(2, 7) <= times[0] <= on(2, 7) + A_FEW_MINUTES
    assert times[0] + timedelta(days=1) <= times[1] + A_FEW_MINUTES


def test_what_waits_for_its_turn_goes_in_it_however_many_wait_behind() -> None:
    world = world_of(asleep=(), limit={"count": 1, "per_seconds": 600, "overflow": "defer"})
    messages = [world.post(key=str(number)) for number in range(5)]
    world.rest(*messages)
    times = [left_at(world, message)["ada"] for message in messages]
    assert times == sorted(times)
    assert times[-1] - times[0] <= timedelta(minutes=4 * 10 + 10)


def test_what_is_dropped_over_a_limit_is_dropped_when_asked_again() -> None:
    world = world_of(asleep=(), limit=ONE_A_DAY | {"overflow": "drop", "per_seconds": 3_600})
    world.provider.quota_until = on(1, 20)
    first = world.post(key="one")
    until(world, on(1, 19, 30), first)
    second = world.post(key="two")
    world.rest(first, second)
    assert [*world.codes(first).values(), *world.codes(second).values()].count(Outcome.SENT) == 1


def test_the_retry_of_a_mail_within_its_limit_is_not_held_back_by_its_own_charge() -> None:
    world = world_of(asleep=(), limit=ONE_A_DAY)
    world.provider.puts_off["ada"] = 4
    message = world.post()
    world.rest(message)
    assert left_at(world, message)["ada"] <= on(1, 18, 30)


def test_a_redrive_is_not_held_back_by_the_charge_of_the_attempt_that_failed() -> None:
    world = world_of(asleep=(), limit=ONE_A_DAY)
    world.provider.rejects = frozenset({"ada"})
    message = world.post()
    world.rest(message)
    assert world.state(message) is State.FAILED
    world.now += timedelta(hours=3)
    world.provider.rejects = frozenset()
    world.redrive(message)
    world.rest(message)
    assert left_at(world, message)["ada"] <= on(1, 21, 30)


def test_a_user_who_changes_while_they_are_counted_again_is_decided_again() -> None:
    world = world_of(limit=ONE_A_DAY)
    world.provider.quota_until = on(2, 2, 30)
    message = world.post()
    until(world, on(1, 21), message)
    changed = 0

    def interpose(name: str, work: Callable[[], Any]) -> Any:
        nonlocal changed
        if name == "dynamodb:TransactWriteItems" and not changed and world.now > on(1, 22):
            changed += 1
            with world.unwatched():
                world.audience.users.put("ada", {"email": "ada@example.com", "quiet_hours": NIGHT | {"end": "09:00"}})
        return work()

    world.memory.interpose = interpose
    world.rest(message)
    assert changed == 1
    assert on(2, 9) <= left_at(world, message)["ada"] <= on(2, 9) + A_FEW_MINUTES


def test_without_trouble_an_attempt_asks_for_no_subscription_and_counts_nobody() -> None:
    world = world_of(asleep=(), limit=ONE_A_DAY)
    message = world.post()
    world.step("fan_out")
    calls = _watched(world)
    world.step("email")
    # who is in the batch, its message and its readers; the mail; the record, and the batch and message closed
    assert calls.count("dynamodb:BatchGetItem") == 2
    assert calls.count("dynamodb:TransactWriteItems") == 1
    assert world.state(message) is State.SENT


# Between two batches of a run


def test_a_batch_that_can_not_be_closed_is_closed_later_and_costs_no_other_an_attempt() -> None:
    world = world_of(("a", "b", "c", "d", "e"), asleep=())
    message = world.post()
    while world.step("fan_out"):
        pass
    accept, failed = world.provider._accept, 0

    def slow(**request: Any) -> Any:
        world.now += timedelta(seconds=1)
        return accept(request)

    def interpose(name: str, work: Callable[[], Any]) -> Any:
        nonlocal failed
        if name == "dynamodb:TransactWriteItems" and world.provider.accepted and not failed:
            failed += 1
            raise refused("InternalServerError", "refused", name)
        return work()

    vars(world.provider)["send_bulk_email"] = slow
    world.memory.interpose = interpose
    began = world.now
    world.step("email")
    assert failed == 1
    assert world.state(message) is State.SENT
    assert world.now - began < timedelta(seconds=PACE.backoff)
    assert world.provider.copies(message) == dict.fromkeys(("a", "b", "c", "d", "e"), 1)
