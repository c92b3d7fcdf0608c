"""What is in doubt stays so until the provider has spoken, comes to an end, and takes nobody else with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from fanfare.channels import Email, Sms
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome

from testing.memory_aws.errors import refused
from tests.faults.modes import Died
from tests.faults.scenarios import SEVEN, THREE, small_pages
from tests.faults.times import PACE
from tests.faults.world import World

NUMBERS = {"a": "+436641234567", "b": "+436641234568", "c": "+436641234569"}


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def losing(world: World, *, answers: int) -> None:
    """Have the provider take so many calls and lose its answers to them."""
    left = answers
    accept = world.provider._accept

    def take(**request: Any) -> Any:
        nonlocal left
        answer, left = accept(request), left - 1
        if left >= 0:
            raise ReadTimeoutError(endpoint_url="https://email.test")
        return answer

    vars(world.provider)["send_bulk_email"] = take


def jobs(world: World, message: str) -> list[Job]:
    known = world.messages.get(message)
    states = world.batches.open_batches(message, known.shards if known else 1)
    return [Job(message_id=message, batch_id=each.id, generation=each.generation) for each in states]


def on_call(world: World, name: str, number: int, then: Callable[[Callable[[], Any]], Any]) -> None:
    """Have `then` stand in for the call of that name with that number, from 1."""
    seen = 0

    def interpose(called: str, work: Callable[[], Any]) -> Any:
        nonlocal seen
        seen += called == name
        return then(work) if called == name and seen == number else work()

    world.memory.interpose = interpose


def fail(_: Callable[[], Any]) -> Any:
    raise refused("InternalServerError", "refused", "a read")


def repeated_by_the_sdk(work: Callable[[], Any]) -> Any:
    work()  # its answer is lost
    return work()


def test_of_a_provider_that_loses_every_answer_nobody_gets_more_copies_than_attempts() -> None:
    world = World()
    world.provider.receipts = False
    world.prepare(("a",))
    losing(world, answers=1_000)
    message = world.post()
    world.rest(message)
    assert world.provider.copies(message)["a"] <= PACE.max_attempts
    assert world.codes(message) == {"a": Outcome.FAILED}


@pytest.mark.parametrize("on_doubt", ["resend", "hold"])
@pytest.mark.parametrize("users", [("a",), THREE], ids=["one batch", "two, leased together"])
def test_a_copy_that_comes_twice_does_not_cut_the_wait_for_the_event_short(
    users: tuple[str, ...], on_doubt: str
) -> None:
    world = World()
    world.prepare(users)
    losing(world, answers=2)
    message = world.post(on_doubt=on_doubt)
    world.step("fan_out")
    copies = jobs(world, message)
    for worker in ("one", "two"):
        world.deliver().run(copies, owner=worker, time_left=lambda: 100.0)
        world.sleep(1)
    world.rest(message)
    assert world.provider.copies(message) == dict.fromkeys(users, 1)
    assert world.state(message) is State.SENT


def test_a_text_message_in_doubt_is_not_forgotten_when_the_worker_dies_at_the_next() -> None:
    world = World()
    world.prepare(("a",))
    world.audience.users.put_many({user: {"phone": number} for user, number in NUMBERS.items()})
    message = world.post(
        topic=None,
        template=None,
        recipients=[*NUMBERS],
        channels=["sms"],
        content={"text": "Hello"},
        on_doubt="hold",
    )
    world.step("fan_out")
    sent: Counter[str] = Counter()

    def publish(**request: Any) -> Any:
        sent[request["PhoneNumber"]] += 1
        if sent.total() == 1:
            raise ReadTimeoutError(endpoint_url="https://sns.test")
        if sent.total() == 2:
            raise Died
        return {"MessageId": "1"}

    for _ in range(20):
        deliver = replace(world.deliver(), channel=Sms(_Sns(publish)))  # type: ignore[arg-type]
        try:
            deliver.run(jobs(world, message), owner=str(world.now), time_left=lambda: 100.0)
        except Died:
            continue
        finally:
            world.sleep(200)
    assert sent == {NUMBERS["a"]: 1, NUMBERS["b"]: 1, NUMBERS["c"]: 1}


class _Sns:
    def __init__(self, publish: Callable[..., Any]) -> None:
        self.publish = publish


@pytest.mark.parametrize("read", [2, 3])  # of the messages, and of the users
def test_a_read_that_fails_after_the_leases_puts_nobody_in_doubt(read: int) -> None:
    world = World()
    world.provider.receipts = False
    world.prepare(THREE)
    message = world.post(on_doubt="hold")
    world.step("fan_out")
    on_call(world, "dynamodb:BatchGetItem", read, fail)
    world.step("email")
    world.memory.interpose = None
    world.rest(message)
    assert world.provider.copies(message) == dict.fromkeys(THREE, 1)
    assert world.state(message) is State.SENT


def test_a_lease_whose_answer_was_lost_and_that_the_sdk_repeats_is_ours() -> None:
    world = World()
    world.provider.receipts = False
    world.prepare(("a",))
    message = world.post(on_doubt="hold")
    world.step("fan_out")
    on_call(world, "dynamodb:UpdateItem", 1, repeated_by_the_sdk)
    world.step("email")
    world.memory.interpose = None
    world.rest(message)
    assert world.provider.copies(message) == {"a": 1}
    assert world.state(message) is State.SENT


def test_a_lease_that_fails_leaves_the_others_to_their_worker() -> None:
    world = World()
    world.provider.receipts = False
    world.prepare(SEVEN)
    message = world.post(on_doubt="hold")
    world.step("fan_out")
    failing = iter(["dynamodb:TransactWriteItems", "dynamodb:UpdateItem"])  # together, and then one by itself
    left = [next(failing)]

    def interpose(name: str, work: Callable[[], Any]) -> Any:
        if left and name == left[0]:
            left[:] = [*failing][:1]
            raise refused("InternalServerError", "refused", name)
        return work()

    world.memory.interpose = interpose
    world.step("email")
    world.memory.interpose = None
    assert not left
    assert world.provider.copies(message).total() == len(SEVEN) - Email.batch_size
    world.rest(message)
    assert world.provider.copies(message) == dict.fromkeys(SEVEN, 1)
    assert world.state(message) is State.SENT


def test_a_dead_letter_does_not_cut_the_wait_for_the_event_short() -> None:
    world = World()
    world.prepare(("a",))
    losing(world, answers=1)
    message = world.post()
    world.step("fan_out")
    (job,) = jobs(world, message)
    world.step("email")
    body = {"message_id": message, "batch_id": job.batch_id, "generation": job.generation}
    world.sqs.put("email-dead", json.dumps(body))
    world.reconciler().run(time_left=lambda: 100.0)
    assert jobs(world, message) == [job]
    world.rest(message)
    assert world.provider.copies(message) == {"a": 1}


def test_a_message_that_is_forgotten_takes_no_other_with_it() -> None:
    world = World()
    world.provider.receipts = False
    world.prepare(THREE)
    forgotten, other = (world.post(key=key, on_doubt="hold") for key in ("one", "two"))
    world.step("fan_out")
    world.step("fan_out")
    world.table("messages").delete(f"message#{forgotten}", "message")  # as its TTL does
    world.step("email")
    world.rest(other)
    assert world.provider.copies(other) == dict.fromkeys(THREE, 1)
    assert world.state(other) is State.SENT
    assert not jobs(world, forgotten)
