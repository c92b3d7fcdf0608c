"""A redrive is answered once it is stored, and tries everybody who failed once more, whatever befalls its job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from fanfare.domain.jobs import FanOutJob, read_fan_out_body
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message
from fanfare.errors import Conflict

from testing.memory_aws.errors import refused
from tests.faults.interleavings import Stage, every_order
from tests.faults.modes import ALWAYS, Fault
from tests.faults.scenarios import SEVEN, THREE, small_pages
from tests.faults.times import PACE
from tests.faults.world import World


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
    return world.redriver().run(message)


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
    with pytest.raises(Conflict, match="this message is pending"):
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
    with pytest.raises(Conflict, match="this message is deleted"):
        answered(world, message)


def test_two_redrives_are_two_rounds() -> None:
    world, message = failed()

    def overtaken(name: str, work: Callable[[], Any]) -> Any:
        if name == "dynamodb:UpdateItem":
            world.memory.interpose = None
            answered(world, message)
            world.rest(message)  # it failed once more
        return work()

    world.memory.interpose = overtaken
    with pytest.raises(Conflict):
        answered(world, message)
    assert world.known(message).round == 1


def test_a_deletion_during_a_redrive_tells_of_everybody_it_opened() -> None:
    played = 0
    for choose in every_order():
        world, message = failed()
        answered(world, message)
        answers: list[Any] = []
        stage = Stage()

        def delete(world: World = world, message: str = message, answers: list[Any] = answers) -> None:
            answers.append(world.delete(message))

        def job(world: World = world, message: str = message) -> None:
            world.fan_out().run(FanOutJob(message, 0), time_left=lambda: 100.0)

        world.memory.interpose = stage.call
        stage.play([job, delete], choose)
        world.memory.interpose = None
        counts = world.batches.totals.tally(message, 1).counts(deleted=True)
        assert answers[0]["withheld"] == counts["deleted"]
        played += 1
    assert played > 20


@pytest.mark.parametrize("conflicts", [1, 3])
def test_a_transaction_in_the_way_leaves_nobody_untried(conflicts: int) -> None:
    world, message = failed()
    world.provider.rejects = frozenset()
    answered(world, message)
    left = conflicts

    def in_the_way(name: str, work: Callable[[], Any]) -> Any:
        nonlocal left
        if name == "dynamodb:TransactWriteItems" and left:
            left -= 1
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            raise refused("TransactionCanceledException", "in the way", name, CancellationReasons=reasons)
        return work()

    world.memory.interpose = in_the_way
    world.step("fan_out")
    world.memory.interpose = world.interpose
    world.rest(message)
    assert world.provider.copies(message) == dict.fromkeys(THREE, 1)
    assert world.state(message) is State.SENT


def tries(world: World) -> Counter[str]:
    """How often each address is tried from now on."""
    tried: Counter[str] = Counter()
    send = world.provider.send_bulk_email

    def noting(**request: Any) -> Any:
        tried.update(entry["Destination"]["ToAddresses"][0] for entry in request["BulkEmailEntries"])
        return send(**request)

    world.provider.send_bulk_email = noting  # type: ignore[method-assign]
    return tried


def once_each(users: Sequence[str]) -> dict[str, int]:
    return {f"{user}@example.com": 1 for user in users}


@pytest.mark.parametrize("mode", ALWAYS)
def test_a_job_that_breaks_off_at_any_call_tries_everybody_once_more(mode: str) -> None:
    struck = []
    for call in range(100):
        world, message = failed()
        tried = tries(world)
        world.redrive(message)
        world.once(lambda world: world.step("fan_out"), Fault(call, mode))
        if world.struck is None:
            break
        struck.append(world.struck)
        world.rest(message)
        assert tried == once_each(THREE), struck
        assert world.state(message) is State.FAILED
    assert "dynamodb:TransactWriteItems" in struck


def test_a_copy_of_the_job_that_was_overtaken_tries_nobody() -> None:
    world, message = failed()
    tried = tries(world)
    world.redrive(message)
    run_overtaken(world, message, lambda: world.rest(message))
    world.rest(message)
    assert tried == once_each(THREE)
    assert world.state(message) is State.FAILED


def run_overtaken(world: World, message: str, others: Callable[[], object], *, seconds: float = 100.0) -> None:
    """A copy of the job that has read the message when others come."""

    def overtaken(name: str, work: Callable[[], Any]) -> Any:
        answer = work()
        if name == "dynamodb:BatchGetItem":
            world.memory.interpose = world.interpose
            others()
        return answer

    world.memory.interpose = overtaken
    world.fan_out().run(FanOutJob(message, 0), time_left=lambda: seconds)


def test_each_redrive_tries_those_who_failed_once_more() -> None:
    world, message = failed()
    for again in (THREE[:2], THREE[:1], ()):
        tried = tries(world)
        before = world.provider.rejects
        world.provider.rejects = frozenset(again)
        world.redrive(message)
        world.rest(message)
        assert tried == once_each(sorted(before))
    assert world.state(message) is State.SENT
    assert world.provider.copies(message) == dict.fromkeys(THREE, 1)


def test_a_job_whose_time_is_over_hands_on_and_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfare.pipeline.redrive.REOPENED", 1)
    world, message = failed(SEVEN)
    tried = tries(world)
    world.redrive(message)
    turns = 0
    while world.known(message).redriving:
        turns += 1
        (copy,) = world.memory.sqs.take("fan_out", 10, visibility=60)
        world.fan_out().run(read_fan_out_body(copy.body), time_left=lambda: -1.0)
        world.memory.sqs.remove("fan_out", copy.handle)
        world.step("email")
        world.sleep(PACE.stale_after - 1)
        world.reconcile()
    assert turns > 3
    world.rest(message)
    assert tried == once_each(SEVEN)


def test_of_two_copies_of_a_job_that_hand_on_at_once_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfare.pipeline.redrive.REOPENED", 1)
    world, message = failed(SEVEN)
    world.redrive(message)

    def other() -> None:
        world.sleep(1)
        world.fan_out().run(FanOutJob(message, 0), time_left=lambda: -1.0)

    run_overtaken(world, message, other, seconds=-1.0)
    assert len(world.memory.sqs.queues["fan_out"]) == 2  # the redrive's own, and one that goes on
