"""Users' own endpoints are not trusted with time: they spend attempts, and no one else waits for them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fanfare.channels.reasons import Reason
from fanfare.channels.webhook_guard import Target
from fanfare.clock import to_text
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome

from tests.faults.scenarios import small_pages
from tests.faults.times import PACE, START
from tests.faults.world import World

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


class Endpoints:
    """The users' servers: `answer` says status, headers and seconds by host; all calls are kept."""

    def __init__(self, world: World, answer: Callable[[str], tuple[int, Mapping[str, str], float]]) -> None:
        self.world = world
        self.answer = answer
        self.calls: list[tuple[datetime, str]] = []
        vars(world.provider)["connection"] = self._connection

    def _connection(self, target: Target) -> Any:
        def request(*_: object, headers: Mapping[str, str], **__: object) -> None:
            self.calls.append((self.world.now, target.host))
            status, told, seconds = self.answer(target.host)
            self.world.sleep(seconds)
            connection.answer = SimpleNamespace(status=status, headers=told)
            if 200 <= status < 300:
                self.world.provider.posted(headers["webhook-id"])

        connection = SimpleNamespace(sock=None, handle=None, connect=lambda: None, close=lambda: None, request=request)
        connection.getresponse = lambda: connection.answer
        return connection

    def pauses(self) -> list[float]:
        times = [at for at, _ in self.calls]
        return [(after - before).total_seconds() for before, after in itertools.pairwise(times)]


def deployment(*users: str, answer: Callable[[str], tuple[int, Mapping[str, str], float]]) -> tuple[World, Endpoints]:
    world = World()
    world.prepare(users, channels=("webhook",))
    return world, Endpoints(world, answer)


@pytest.mark.parametrize(
    ("status", "reason"), [(429, Reason.ENDPOINT_THROTTLED), (503, Reason.ENDPOINT_FAILED), (425, "endpoint_too_early")]
)
def test_an_endpoint_that_puts_everything_off_is_asked_as_often_as_any_other(status: int, reason: str) -> None:
    world, endpoints = deployment("a", answer=lambda _: (status, {}, 0.1))
    message = world.post()
    world.rest(message)
    assert world.state(message) is State.FAILED
    assert len(endpoints.calls) == PACE.max_attempts
    pauses = endpoints.pauses()
    assert all(after > before / 2 for before, after in itertools.pairwise(pauses))
    assert pauses[-1] > 4 * pauses[0]
    assert endpoints.calls[-1][0] - START < timedelta(hours=3)
    record = world.deliveries.get_many([("a", message, "webhook")])["a", message, "webhook"]
    assert record.reason == reason


@pytest.mark.parametrize(
    ("header", "at_least"),
    [
        ("1800", 1_800.0),
        ("Fri, 01 Jan 2027 08:30:00 GMT", 1_795.0),
        ("999999999", 3_600.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3_600.0),
    ],
)
def test_retry_after_is_kept_to_and_bounded(header: str, at_least: float) -> None:
    answers = iter([(429, {"Retry-After": header}, 0.1)])
    world, endpoints = deployment("a", answer=lambda _: next(answers, (204, {}, 0.1)))
    message = world.post()
    world.rest(message)
    assert world.state(message) is State.SENT
    (pause,) = endpoints.pauses()
    assert at_least <= pause <= at_least + 200


def test_one_who_asks_for_a_pause_holds_up_no_one_else_in_the_batch() -> None:
    answers = {"a.example.com": iter([(429, {"Retry-After": "3000"}, 0.1)]), "b.example.com": iter([(500, {}, 0.1)])}
    world, endpoints = deployment("a", "b", answer=lambda host: next(answers[host], (204, {}, 0.1)))
    message = world.post()
    world.rest(message)
    first, second = ([at for at, host in endpoints.calls if host == f"{user}.example.com"] for user in "ab")
    assert len(first) == len(second) == 2
    assert second[1] - second[0] < timedelta(minutes=3)
    assert timedelta(seconds=3_000) <= first[1] - first[0] < timedelta(seconds=3_200)


def test_eighty_messages_to_one_slow_host_take_seconds_of_an_invocation_and_the_others_go_out() -> None:
    world, endpoints = deployment("slow", "quick", answer=lambda host: (204, {}, 9.5 if host[0] == "s" else 0.2))
    slow = [
        world.post(key=f"slow-{number}", topic=None, recipients=["slow"], channels=["webhook"]) for number in range(9)
    ]
    world.sleep(1)
    quick = world.post(key="quick", topic=None, recipients=["quick"], channels=["webhook"])
    while world.step("fan_out"):
        pass
    before = world.now
    world.step("webhook")
    assert (world.now - before).total_seconds() < 25
    assert Counter(host for _, host in endpoints.calls) == {"slow.example.com": 2, "quick.example.com": 1}
    assert world.state(quick) is State.SENT
    waiting = [state for each in slow for state in world.batches.open_batches(each, world.known(each).shards)]
    assert len(waiting) == 7
    assert all(state.attempts == 0 and (state.due_at or "") >= to_text(world.now) for state in waiting)
    world.rest(*slow)
    assert {world.state(each) for each in slow} == {State.SENT}


def test_many_names_of_one_address_share_its_seconds() -> None:
    users = tuple(f"user-{number}" for number in range(9))
    world, endpoints = deployment(*users, answer=lambda _: (204, {}, 9.5))
    message = world.post()
    world.step("fan_out")
    world.step("webhook")
    assert len(endpoints.calls) == 3
    world.rest(message)
    assert world.state(message) is State.SENT


def days(world: World, count: int) -> list[str]:
    """A message a day, each left until nothing is done about it any more."""
    messages = []
    for day in range(count):
        world.now = max(world.now, START + day * DAY)
        world.end = world.now + 4 * DAY
        message = world.post(key=f"day-{day}")
        world.rest(message)
        messages.append(message)
    return messages


def test_an_endpoint_that_fails_for_days_is_switched_off_and_this_is_told_once() -> None:
    world, endpoints = deployment("a", answer=lambda _: (500, {}, 0.1))
    told: list[tuple[str, str]] = []
    world.functions.tell_endpoint = lambda user_id, channel, _: told.append((user_id, channel))
    messages = days(world, 7)
    assert [world.state(message) for message in messages[:5]] == [State.FAILED] * 5
    # switched off at the first failure after five days: it ends the sixth message, and the seventh is not tried
    assert endpoints.calls[-1][0] == max(at for at, _ in endpoints.calls) < START + 6 * DAY
    assert len(endpoints.calls) == 5 * PACE.max_attempts + 1
    assert world.outcomes(messages[6]) == {("a", "webhook"): Outcome.SKIPPED}
    user = world.audience.users.get("a")
    assert user is not None
    assert user.endpoints["webhook"]["off"] == "endpoint_switched_off"
    assert told == [("a", "webhook")]


def test_one_success_in_days_of_failures_keeps_it_on() -> None:
    world, endpoints = deployment("a", answer=lambda _: (500 if world.now.day != 4 else 204, {}, 0.1))
    messages = days(world, 8)
    assert world.state(messages[3]) is State.SENT
    assert endpoints.calls[-1][0] > START + 7 * DAY


def test_two_failures_with_a_week_between_them_are_not_days_of_failures() -> None:
    world, _ = deployment("a", answer=lambda _: (500, {}, 0.1))
    for at in (START, START + 7 * DAY):
        world.now, world.end = at, at + 4 * DAY
        world.rest(world.post(key=to_text(at)))
    user = world.audience.users.get("a")
    assert user is not None
    assert "off" not in user.endpoints["webhook"]


def test_an_endpoint_that_is_off_is_not_asked_again_until_its_owner_stores_it_again() -> None:
    world, endpoints = deployment("a", answer=lambda _: (500 if world.now < START + 7 * DAY else 204, {}, 0.1))
    days(world, 7)
    asked = len(endpoints.calls)
    stored = world.audience.users.get("a")
    assert stored is not None
    world.audience.users.put("a", stored.profile)  # an import of the same changes nothing
    eighth = days(world, 8)[7]
    assert world.outcomes(eighth) == {("a", "webhook"): Outcome.SKIPPED}
    assert len(endpoints.calls) == asked
    world.audience.endpoints.switch_on("a")
    ninth = days(world, 9)[8]
    assert world.state(ninth) is State.SENT


def test_another_url_has_nothing_to_do_with_the_one_that_is_off() -> None:
    world, endpoints = deployment("a", answer=lambda host: (500 if host[0] == "a" else 204, {}, 0.1))
    days(world, 7)
    stored = world.audience.users.get("a")
    assert stored is not None
    world.audience.users.put("a", {**stored.profile, "webhook": {"url": "https://new.example.com/"}})
    eighth = days(world, 8)[7]
    assert world.state(eighth) is State.SENT
    assert endpoints.calls[-1][1] == "new.example.com"


@pytest.mark.parametrize("hours", [{"start": "25:00", "end": "09:00"}, {"end": "09:00"}])
def test_a_user_whose_data_break_the_rules_fails_alone(hours: Mapping[str, str]) -> None:
    world, endpoints = deployment("a", "b", answer=lambda _: (204, {}, 0.1))
    message = world.post()
    world.step("fan_out")
    stored = world.audience.users.get("a")
    assert stored is not None
    world.audience.users.put("a", {**stored.profile, "quiet_hours": hours})
    world.sleep(PACE.stale_after + 1)  # then the rules are asked again
    world.rest(message)
    assert world.outcomes(message) == {("a", "webhook"): Outcome.FAILED, ("b", "webhook"): Outcome.SENT}
    assert len(endpoints.calls) == 1
