"""A worker whose time runs out leaves nobody in doubt: who was not asked about waits for the next attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.deliver import RunResult
from fanfare.templates.renderer import Renderer

from tests.faults.world import World

PEOPLE = tuple(f"user-{number}" for number in range(20))


@dataclass
class Invocation:
    """A minute of a function's, of which rendering for a reader takes some."""

    reader: float
    left: float = 60.0

    def time_left(self) -> float:
        return self.left


class Slow(Renderer):
    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation

    def render(self, body: Mapping[str, Any], channel: str, **reader: Any) -> dict[str, str]:
        self.invocation.left -= self.invocation.reader
        return super().render(body, channel, **reader)


def posted() -> tuple[World, str]:
    world = World()
    world.prepare(PEOPLE)
    message = world.post()
    world.step("fan_out")
    return world, message


def delivered(world: World, message: str, invocation: Invocation) -> RunResult:
    deliver = replace(world.deliver(), renderer=Slow(invocation))
    jobs = [
        Job(message_id=message, batch_id=each.id, generation=each.generation)
        for each in world.batches.open_batches(message, world.known(message).shards)
    ]
    return deliver.run(jobs[:1], owner="slow", time_left=invocation.time_left)


@pytest.mark.parametrize("reader", [1.0, 3.0, 17.0])
def test_readers_that_take_too_long_wait_for_another_attempt_and_none_is_spent(reader: float) -> None:
    world, message = posted()
    invocation = Invocation(reader)
    report = delivered(world, message, invocation)
    reached = world.provider.copies(message).total()
    assert 0 < reached < len(PEOPLE) or reader == 1.0
    assert invocation.left >= 25.0  # what one call of a provider may take
    assert report.outcomes["unknown"] == 0
    states = list(world.batches.open_batches(message, world.known(message).shards))
    assert {(state.attempts, state.lease_owner) for state in states} <= {(0, None)}


def test_everybody_is_reached_once_however_many_attempts_it_takes() -> None:
    world, message = posted()
    attempts = 0
    while attempts < 20 and list(world.batches.open_batches(message, world.known(message).shards)):
        delivered(world, message, Invocation(reader=9.0))
        attempts += 1
    assert attempts > 3
    assert world.provider.copies(message) == dict.fromkeys(PEOPLE, 1)
    assert world.codes(message) == dict.fromkeys(PEOPLE, Outcome.SENT)
    assert world.state(message) is State.SENT


def test_where_one_reader_takes_all_the_time_the_provider_is_not_asked() -> None:
    world, message = posted()
    report = delivered(world, message, Invocation(reader=50.0))
    assert not world.provider.accepted
    assert (report.outcomes.total(), len(report.again), report.asked) == (0, 1, set())
    assert set(world.codes(message).values()) <= {Outcome.OUTSTANDING}
