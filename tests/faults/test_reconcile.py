"""However much is due at once, the reconciler sees to all of it while it has time, and to each kind of work in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from fanfare.clock import to_text
from fanfare.reconcile import BATCHES_A_TURN, MESSAGES_A_TURN

from tests.faults.scenarios import small_pages
from tests.faults.world import START, World

MANY = 4 * MESSAGES_A_TURN + 50
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
    world.audience.put_user("a", {"email": "a@example.com", "quiet_hours": {"start": "07:00", "end": "09:00"}})
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

    def noting(**request: object) -> object:
        times.append(world.now)
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
    done = world.reconciler().run(time_left=seconds(MESSAGES_A_TURN + BATCHES_A_TURN + 20))
    assert BATCHES_A_TURN <= done["batch_resent"] < MANY
    assert MESSAGES_A_TURN < len(list(world.messages.due(world.now, page=100))) < MANY


def test_what_the_time_did_not_suffice_for_comes_first_in_the_next_run(world: World) -> None:
    deferred(world, MANY)
    world.now = LATER + timedelta(minutes=10)
    runs = 0
    while list(world.batches.due(world.now, page=100)):
        world.reconciler().run(time_left=seconds(2 * MESSAGES_A_TURN))
        runs += 1
    assert 1 < runs < 10
    assert len(world.memory.sqs.queues["email"]) == MANY


def test_of_a_queue_with_many_dead_letters_all_are_taken_up(world: World) -> None:
    deferred(world, 1)
    for _ in range(75):
        world.memory.sqs.put("fan_out-dead", '{"message_id": "nobody", "shard": 0}')
    done = world.reconciler().run(time_left=lambda: 100.0)
    assert done["dead_letter_settled"] == 75
    assert not world.memory.sqs.queues["fan_out-dead"]
