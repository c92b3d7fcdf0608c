"""Who waits, for quiet hours or behind others, is looked at again, and waits for nobody who is slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fanfare.aws.transactions import Transaction
from fanfare.channels import Webhook
from fanfare.channels.base import Envelope, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.clock import to_text
from fanfare.domain.batch import Batch, BatchState
from fanfare.domain.jobs import Job
from fanfare.domain.outcomes import Outcome

from tests.faults.scenarios import small_pages
from tests.faults.world import World

QUIET = {"email": "a@example.com", "quiet_hours": {"start": "07:00", "end": "09:00"}}


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def test_who_opts_out_of_everything_while_they_wait_gets_nothing() -> None:
    world = World()
    world.prepare(("a",))
    world.audience.users.put("a", QUIET)
    message = world.post()
    world.step("fan_out")
    assert world.codes(message) == {"a": Outcome.OUTSTANDING}
    world.audience.users.opt_out("a", True)
    world.rest(message)
    assert not world.provider.copies(message)
    assert world.codes(message) == {"a": Outcome.SKIPPED}


class Endpoints(Webhook):
    """Half of them take ten seconds and then break off."""

    def __init__(self, world: World) -> None:
        super().__init__(keys=dict, clock=world.clock)
        self.asked: Counter[str] = Counter()
        self.left = 0.0

    def _send(self, envelope: Envelope) -> SendResult:
        self.asked[envelope.user_id] += 1
        if int(envelope.user_id) % 2 == 0:
            self.left -= 10.0
            return SendResult(Kind.TEMPORARY, Reason("endpoint_broke_off"))
        return SendResult(Kind.SENT)


def test_slow_endpoints_keep_nobody_behind_them_waiting_for_long() -> None:
    world = World()
    people = tuple(str(number) for number in range(10))
    world.prepare(("a",))
    world.audience.users.put_many({user: {"webhook": {"url": f"https://{user}.example"}} for user in people})
    message = world.post(
        recipients=list(people), topic=None, template=None, channels=["webhook"], content={"text": "Hello"}
    )
    _one_batch(world, message, people)
    endpoints = Endpoints(world)
    for _ in range(3):
        deliver, endpoints.left = replace(world.deliver(), channel=endpoints), 60.0
        jobs = [
            Job(message_id=message, batch_id=each.id, generation=each.generation)
            for each in world.batches.open_batches(message, world.known(message).shards)
        ]
        deliver.run(jobs, owner=str(world.now), time_left=lambda: endpoints.left)
        world.sleep(1_000)
    assert {endpoints.asked[user] for user in people if int(user) % 2} == {1}
    assert min(endpoints.asked.values()) > 0


def _one_batch(world: World, message: str, people: tuple[str, ...]) -> None:
    """As the fan-out opens it."""
    shared = {"message_id": message, "shard": 0, "id": "0000-000000-00", "channel": "webhook"}
    due_at = to_text(world.now + timedelta(minutes=2))
    state = BatchState(**shared, generation=1, codes=Outcome.OUTSTANDING.value * len(people), due_at=due_at)  # type: ignore[arg-type]
    transaction = Transaction()
    world.batches.open(transaction, Batch(**shared, recipients=people), state)  # type: ignore[arg-type]
    transaction.run()
