"""What AWS leaves undone in a call, or has no capacity for, is done at once: nobody waits for the reconciler."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.faults.exploration import Exploration
from tests.faults.modes import Fault
from tests.faults.scenarios import SCENARIOS, small_pages
from tests.faults.world import World

(POST,) = (scenario for scenario in SCENARIOS if scenario.name == "post")
IN_PLACE = {  # the calls whose rest, or which themselves, are done again in place
    "part": {"sqs:SendMessageBatch", "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"},
    "throttle": {"dynamodb:TransactWriteItems"},
}


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def played(exploration: Exploration, at: int = -1, fault: Fault | None = None) -> tuple[World, list[list[str]]]:
    """The scenario with a fault in one of its steps, and the calls of each step."""
    world = exploration.world
    steps: list[list[str]] = []
    world.load(exploration.start.moment)
    world.provider.taken_at.clear()
    while not exploration.scenario.over(world):
        exploration.scenario.step(world, fault if len(steps) == at else None)
        steps.append(world.called)
    return world, steps


def left_at(world: World) -> list[tuple[str, datetime]]:
    return sorted((user, at) for at, _, user in world.provider.taken_at)


@pytest.mark.parametrize("mode", IN_PLACE)
def test_nobody_waits_because_aws_left_a_part_undone(mode: str) -> None:
    exploration = Exploration(POST)
    world, steps = played(exploration)
    assert len(world.provider.accepted) == len(POST.users)
    expected, struck = left_at(world), set()
    for at, names in enumerate(steps):
        for call in [number for number, name in enumerate(names) if name in IN_PLACE[mode]]:
            world, _ = played(exploration, at, Fault(call, mode))
            struck.add(names[call])
            assert left_at(world) == expected, f"{names[call]}, call {call} of step {at}"
            timeline = world.known(world.posted[0]).timeline
            assert "stale" not in {entry["state"] for entry in timeline}
    assert struck == IN_PLACE[mode]
