"""However much is due at once, the reconciler sees to all of it while it has time, and to each kind of work in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from fanfare.clock import to_text
from fanfare.domain.lifecycle import State
from fanfare.pipeline.reconcile import overdue_batches, overdue_messages

from testing.memory_aws.errors import refused
from tests.faults.scenarios import small_pages
from tests.faults.times import PACE, START
from tests.faults.world import World

MANY = 4 * overdue_messages.CHUNK + 50
LATER = START + timedelta(hours=1)


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


@pytest.fixture
def world() -> World:
    """One reader, who sleeps until nine."""
    world = World()
    world.provider.receipts = False
    world.prepare(("a",))
    world.audience.users.put("a", {"email": "a@example.com", "quiet_hours": {"start": "07:00", "end": "09:00"}})
    return world


def posted(world: World, number: int, **fields: object) -> list[str]:
    return [world.post(key=f"key-{each}", recipients=["a"], topic=None, **fields) for each in range(number)]


def deferred(world: World, number: int) -> list[str]:
    """Messages that wait for their reader."""
    messages = posted(world, number)
    while world.step("fan_out"):
        pass
    assert not world.provider.accepted
    return messages


def sent_at(world: World, messages: Sequence[str]) -> list[datetime]:
    """When each mail left."""
    times: list[datetime] = []
    send = world.provider.send_bulk_email

    def noting(**request: Any) -> object:
        times.extend(world.now for _ in request["BulkEmailEntries"])
        return send(**request)

    world.provider.send_bulk_email = noting  # type: ignore[method-assign]
    world.end = LATER + timedelta(hours=1)
    world.rest(*messages)
    return times


def seconds(number: int) -> Callable[[], float]:
    """A time that is over after it was asked for so often."""
    left = iter(range(number, -1, -1))
    return lambda: float(next(left, -1))


def test_messages_that_are_scheduled_for_one_second_all_leave_then(world: World) -> None:
    messages = posted(world, MANY, send_at=to_text(LATER))
    times = sent_at(world, messages)
    assert len(times) == MANY
    assert all(LATER <= time < LATER + timedelta(minutes=1) for time in times)


def test_readers_who_wait_for_the_same_minute_are_all_served_then(world: World) -> None:
    messages = deferred(world, MANY)
    times = sent_at(world, messages)
    assert len(times) == MANY
    assert all(LATER <= time < LATER + timedelta(minutes=2) for time in times)


def test_batches_do_not_wait_for_all_messages(world: World) -> None:
    deferred(world, MANY)
    world.now = LATER + timedelta(minutes=10)  # all messages are to be looked at again, and all batches are due
    time_left = seconds(overdue_messages.CHUNK + overdue_batches.CHUNK + 20)
    done = world.reconciler().run(time_left=time_left).done
    assert overdue_batches.CHUNK <= done["batch_resent"] < MANY
    assert overdue_messages.CHUNK < len(list(world.messages.due(world.now, page=100))) < MANY


def test_what_the_time_did_not_suffice_for_comes_first_in_the_next_run(world: World) -> None:
    deferred(world, MANY)
    world.now = LATER + timedelta(minutes=10)
    runs = 0
    while list(world.batches.due(world.now, page=100)):
        world.reconciler().run(time_left=seconds(2 * overdue_messages.CHUNK))
        runs += 1
    assert 1 < runs < 10
    assert len(world.memory.sqs.queues["email"]) == MANY


def test_of_a_queue_with_many_dead_letters_all_are_taken_up(world: World) -> None:
    deferred(world, 1)
    for _ in range(75):
        world.memory.sqs.put("fan_out-dead", '{"message_id": "nobody", "shard": 0}')
    done = world.reconciler().run(time_left=lambda: 100.0).done
    assert done["dead_letter_settled"] == 75
    assert not world.memory.sqs.queues["fan_out-dead"]


def failing(call: str, number: int) -> Callable[[str, Callable[[], Any]], Any]:
    """AWS with an error at one call."""
    calls: Counter[str] = Counter()

    def interpose(name: str, work: Callable[[], Any]) -> Any:
        calls[name] += 1
        if (name, calls[name]) == (call, number):
            raise refused("InternalServerError", "", name)
        return work()

    return interpose


def all_kinds_of_work(world: World) -> list[str]:
    """Two dead letters of a message, another that was never fanned out, and one whose batch was lost."""
    world.audience.users.put("a", {"email": "a@example.com"})
    dead = posted(world, 2)
    world.step("fan_out", limit=2)
    for job in world.memory.sqs.take("email", 10, visibility=0):
        world.memory.sqs.remove("email", job.handle)
        world.memory.sqs.put("email-dead", job.body)
    world.sleep(10)
    lost = [world.post(key=key, recipients=["a"], topic=None) for key in ("batch", "fan-out")]
    (first, second) = world.memory.sqs.take("fan_out", 10, visibility=0)
    world.invoke("fan_out", [first])
    world.memory.sqs.remove("fan_out", second.handle)
    for job in world.memory.sqs.take("email", 10, visibility=0):
        world.memory.sqs.remove("email", job.handle)
    world.sleep(PACE.stale_after)
    return [*dead, *lost]


def test_an_error_at_any_call_leaves_but_one_thing_to_the_next_run() -> None:
    struck = 0
    for call in (
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:SendMessageBatch",
        *(f"dynamodb:{name}" for name in ("GetItem", "Query", "UpdateItem", "BatchGetItem")),
    ):
        for number in range(1, 20):
            world = World()
            world.prepare(("a",))
            messages = all_kinds_of_work(world)
            world.memory.interpose = failing(call, number)
            done = world.reconciler().run(time_left=lambda: 100.0).done
            world.memory.interpose = world.interpose
            if not done["reconcile_failed"]:
                break
            struck += 1
            seen_to = done["dead_letter_redriven"] + done["batch_resent"] + done["fan_out_resent"]
            assert done["reconcile_failed"] == 1
            assert seen_to >= 2, (call, number, done)
            world.rest(*messages)
            assert {world.state(message) for message in messages} == {State.SENT}
    assert struck > 20


def test_what_can_not_be_looked_at_stands_in_nobodys_way(world: World) -> None:
    """More of it than a page has, and longer overdue than all else."""
    bad = posted(world, overdue_messages.CHUNK + 10)
    world.sleep(1)
    good = [world.post(key=f"good-{each}", recipients=["a"], topic=None) for each in range(10)]
    world.memory.sqs.queues["fan_out"].clear()
    world.sleep(PACE.stale_after)
    reconciler = world.reconciler()
    look = reconciler.messages.with_progress

    def not_at_some(message_id: str) -> Any:
        if message_id in bad:
            raise refused("InternalServerError", "", "Query")
        return look(message_id)

    reconciler.messages.with_progress = not_at_some  # type: ignore[method-assign]
    done = reconciler.run(time_left=lambda: 100.0).done
    assert done["reconcile_failed"] == len(bad)
    assert {world.state(message) for message in good} == {State.STALE}
    assert len(world.memory.sqs.queues["fan_out"]) == len(good)
