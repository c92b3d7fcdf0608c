"""Batches of different messages in one event: they share what they can, and what befalls one is its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fanfare.domain.lifecycle import State

from tests.faults.scenarios import small_pages
from tests.faults.world import World

TEN = tuple(f"user-{number}" for number in range(10))
# An event with ten batches, whatever messages they are of: it reads batches, leases them, reads messages and users,
# a worker that has just started the template; it records all, and settles all
SHARED = Counter(
    {"dynamodb:BatchGetItem": 3, "dynamodb:TransactWriteItems": 2, "dynamodb:GetItem": 1, "dynamodb:BatchWriteItem": 1}
)


@pytest.fixture
def pages() -> Iterator[None]:
    with small_pages():
        yield


def posted(*users: str, channel: str = "email", **fields: Any) -> tuple[World, list[str]]:
    """A message to each of them, fanned out."""
    world = World()
    world.prepare(users, channels=(channel,))
    messages = []
    for user in users:
        messages.append(world.post(key=user, topic=None, recipients=[user], channels=[channel], **fields))
        world.sleep(1)
    while world.step("fan_out"):
        pass
    return world, messages


def delivered(world: World, channel: str = "email") -> Counter[str]:
    """The worker's calls for the next event, without those by which it finds out that messages are complete."""
    names: list[str] = []

    def counted(name: str, work: Callable[[], Any]) -> Any:
        names.append(name)
        return work()

    before, world.memory.interpose = world.memory.interpose, counted
    world.step(channel)
    world.memory.interpose = before
    return Counter(names) - Counter({"dynamodb:Query": 100, "dynamodb:UpdateItem": 10})


def test_ten_messages_to_one_person_each_are_one_call_of_ses() -> None:
    world, messages = posted(*TEN)
    assert delivered(world) == SHARED + Counter({"ses:SendBulkEmail": 1})
    assert {world.state(message) for message in messages} == {State.SENT}
    assert [sent.user for sent in world.provider.accepted] == list(TEN)
