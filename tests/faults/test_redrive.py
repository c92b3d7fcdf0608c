"""A redrive is answered once it is stored, and tries everybody who failed once more, whatever befalls its job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fanfare.errors import Conflict
from fanfare.messages import Message
from fanfare.redrive import redrive
from fanfare.status import State

from local.memory.aws import refused
from tests.faults.scenarios import THREE, small_pages
from tests.faults.world import PACE, World


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def failed(users: tuple[str, ...] = THREE) -> tuple[World, str]:
    """A message whose every mail was refused."""
    world = World()
    world.prepare(users)
    world.provider.rejects = frozenset(users)
    message = world.post()
    world.rest(message)
    assert world.state(message) is State.FAILED
    return world, message


def answered(world: World, message: str) -> Message:
    """What a service is answered, and an API would show."""
    return redrive(
        message, messages=world.messages, queues=world.queues, clock=world.clock, stale_after=PACE.stale_after
    )


def test_a_redrive_is_accepted_with_the_queue_down_and_takes_place_later() -> None:
    world, message = failed()
    world.provider.rejects = frozenset()

    def down(name: str, work: Callable[[], Any]) -> Any:
        if name.startswith("sqs:"):
            raise refused("InternalError", "the queue is down", name)
        return work()

    world.memory.interpose = down
    assert answered(world, message).state is State.PENDING
    world.memory.interpose = world.interpose
    world.rest(message)
    assert world.state(message) is State.SENT
    assert world.provider.copies(message) == dict.fromkeys(THREE, 1)


def test_a_redrive_whose_answer_the_sdk_missed_is_accepted() -> None:
    world, message = failed()
    world.provider.rejects = frozenset()
    begin = world.clock()

    def repeated(name: str, work: Callable[[], Any]) -> Any:
        """As botocore does after a time-out: the first time took effect."""
        if name == "dynamodb:UpdateItem" and world.clock() == begin:
            work()
        return work()

    world.memory.interpose = repeated
    assert answered(world, message).state is State.PENDING
    world.memory.interpose = world.interpose
    world.rest(message)
    assert world.known(message).round == 1
    assert world.provider.copies(message) == dict.fromkeys(THREE, 1)


def test_a_message_that_is_being_redriven_can_not_be_redriven_once_more() -> None:
    world, message = failed()
    answered(world, message)
    with pytest.raises(Conflict, match="it is pending"):
        answered(world, message)
    assert world.known(message).round == 1


def test_a_deletion_that_comes_before_a_redrive_is_told() -> None:
    world, message = failed()

    def overtaken(name: str, work: Callable[[], Any]) -> Any:
        if name == "dynamodb:UpdateItem":
            world.memory.interpose = None
            world.delete(message)
        return work()

    world.memory.interpose = overtaken
    with pytest.raises(Conflict, match="it is deleted"):
        answered(world, message)
