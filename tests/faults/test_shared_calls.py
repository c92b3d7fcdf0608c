"""Batches of different messages in one event: they share what they can, and what befalls one is its own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels import CHANNELS, Webhook
from fanfare.channels.base import Kind, SendResult
from fanfare.channels.webhook_guard import Target
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.deliver import hand_over

from testing.memory_aws.errors import refused
from tests.faults.scenarios import small_pages
from tests.faults.world import World

TEN = tuple(f"user-{number}" for number in range(10))
# An event with ten messages to one person each: it leases them, reads bodies and users, and a worker that has just
# started the template; it records all, and ends all
TEN_AT_ONCE = {
    "dynamodb:BatchGetItem": 2,
    "dynamodb:TransactWriteItems": 2,
    "dynamodb:GetItem": 1,
    "ses:SendBulkEmail": 1,
    "dynamodb:BatchWriteItem": 1,
}
PUBLIC_ADDRESS = "93.184.216.34"


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
    """The worker's calls for the next event."""
    names: list[str] = []

    def counted(name: str, work: Callable[[], Any]) -> Any:
        names.append(name)
        return work()

    before, world.memory.interpose = world.memory.interpose, counted
    world.step(channel)
    world.memory.interpose = before
    return Counter(names)


def test_ten_messages_to_one_person_each_are_one_call_of_ses() -> None:
    world, messages = posted(*TEN)
    assert delivered(world) == TEN_AT_ONCE
    assert {world.state(message) for message in messages} == {State.SENT}
    assert [sent.user for sent in world.provider.accepted] == list(TEN)


def test_each_entry_of_a_shared_call_has_its_own_end() -> None:
    world, messages = posted(*TEN)
    world.provider.rejects = frozenset({TEN[3]})
    world.provider.puts_off.update([TEN[6]])
    assert delivered(world)["ses:SendBulkEmail"] == 1
    assert [world.outcomes(each)[user, "email"] for user, each in zip(TEN, messages, strict=True)] == [
        Outcome.FAILED if user == TEN[3] else Outcome.OUTSTANDING if user == TEN[6] else Outcome.SENT for user in TEN
    ]
    world.rest(*messages)
    assert world.provider.copies(messages[6]) == {TEN[6]: 1}
    assert world.state(messages[3]) is State.FAILED


def test_what_ses_refuses_whole_costs_the_other_messages_of_the_call_nothing() -> None:
    """It names no mail: halves of the call find it, whatever messages they are of."""
    world, messages = posted(*TEN)
    send = world.provider.send_bulk_email

    def picky(**request: Any) -> Any:
        if len(request["BulkEmailEntries"]) and TEN[7] in str(request):
            raise refused("BadRequestException", "no", "ses:SendBulkEmail")
        return send(**request)

    vars(world.provider)["send_bulk_email"] = picky
    world.step("email")
    assert {world.state(each) for each in messages if each != messages[7]} == {State.SENT}
    assert world.state(messages[7]) is State.FAILED
    assert {world.provider.copies(each).total() for each in messages} == {0, 1}


def test_a_record_that_cannot_be_written_fails_its_own_batch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world, messages = posted(*TEN)
    write = DynamoTable.write_many

    def picky(table: DynamoTable, items: Sequence[Mapping[str, Any]], **rest: Any) -> None:
        if any(item["pk"] == f"user#{TEN[2]}" for item in items):
            raise refused("ValidationException", "too large", "dynamodb:BatchWriteItem")
        write(table, items, **rest)

    with monkeypatch.context() as patched:
        patched.setattr(DynamoTable, "write_many", picky)
        world.step("email")
    assert {world.state(each) for each in messages if each != messages[2]} == {State.SENT}
    assert world.outcomes(messages[2]) == {(TEN[2], "email"): Outcome.OUTSTANDING}
    world.rest(*messages)
    assert world.provider.copies(messages[2]) == {TEN[2]: 1}  # its receipt has told


def test_a_message_that_is_deleted_while_others_of_its_event_are_sent_stays() -> None:
    """The first round of the event takes a second; the second has a message that was deleted meanwhile."""
    with small_pages():
        world, messages = posted(*TEN[:4])
        send = world.provider.send_bulk_email

        def slow(**request: Any) -> Any:
            vars(world.provider)["send_bulk_email"] = send
            world.sleep(1)
            world.delete(messages[3])
            return send(**request)

        vars(world.provider)["send_bulk_email"] = slow
        jobs = [job for each in messages for job in jobs_of(world, each)]
        world.deliver().run(jobs, owner="one", time_left=lambda: 100.0)
        assert [world.state(each) for each in messages] == [State.SENT] * 3 + [State.DELETED]
        assert world.outcomes(messages[3]) == {(TEN[3], "email"): Outcome.DELETED}
        assert not world.provider.copies(messages[3])


class Slow(Webhook):
    """The first endpoint answers once the others are recorded as sent, and their messages complete."""

    def __init__(self, world: World, others: Sequence[str]) -> None:
        super().__init__(keys=lambda: {"k": "key"}, clock=world.clock, resolve=lambda _host, _port: [PUBLIC_ADDRESS])
        self.world = world
        self.others = others

    def _post(self, target: Target, *_: object) -> SendResult:
        if target.host.startswith(TEN[0]):
            until = time.monotonic() + 10
            while any(self.world.state(each) is not State.SENT for each in self.others):
                assert time.monotonic() < until
                self.world.sleep(0.1)
                time.sleep(0.1)
        return SendResult(Kind.SENT)


def test_a_slow_endpoint_holds_up_no_other_message_of_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_over, "LOOK_AGAIN_SECONDS", 0.05)
    world, messages = posted(*TEN, channel="webhook")
    jobs = [job for each in messages for job in jobs_of(world, each)]
    deliver = replace(world.deliver(), channel=Slow(world, messages[1:]))
    deliver.run(jobs, owner="one", time_left=lambda: 100.0)
    assert {world.state(each) for each in messages} == {State.SENT}


@pytest.mark.parametrize("channel", ["sms", "webhook"])
def test_texts_and_webhooks_of_an_event_go_side_by_side(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call waits for all others to be made."""
    world, messages = posted(*TEN, channel=channel)
    all_of_them = Barrier(len(TEN), timeout=10)

    def together(*_: object) -> SendResult:
        all_of_them.wait()
        return SendResult(Kind.SENT)

    monkeypatch.setattr(CHANNELS[channel], "_send", together)
    jobs = [job for each in messages for job in jobs_of(world, each)]
    deliver = replace(world.deliver(), channel=world.functions._channel(channel))
    deliver.run(jobs, owner="one", time_left=lambda: 100.0)
    assert {world.state(each) for each in messages} == {State.SENT}


def jobs_of(world: World, message: str) -> list[Job]:
    states = world.batches.open_batches(message, world.known(message).shards)
    return [Job(message_id=message, batch_id=each.id, generation=each.generation) for each in states]
