"""Lost and duplicated deliveries if `deliver` is killed repeatedly at seeded calls.

Time is simulated: if no work is due, the clock moves to the next due time, by a minute at most, and the reconciler runs
every minute.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.aws.dynamodb import DynamoTable
from fanfare.clock import to_text
from fanfare.domain.lifecycle import AT_REST
from fanfare.domain.message import Message
from fanfare.store.messages import Messages

from bench.growth import EVENT_SOURCE_BATCH
from bench.harness.deployment import NOW, Bench
from bench.harness.functions import Functions, Strike
from local.demo import job

KILLS: Final = 20
SEED: Final = 20261122
BETWEEN: Final = (1, 12)  # calls of a worker between two kills
MAX_RECEIVES: Final = {"email": 3, "fan_out": 5}  # same as in infra/service.py
WORST: Final = 4  # one of this many kills is at the worst moment
RECEIPT_SECONDS: Final = 30  # seconds until SES reports a mail as delivered
HOURS: Final = 12


class World(Bench):
    """A deployment with simulated time and a provider that stores accepted mails."""

    def __init__(self, recipients: int, *, receipts: bool) -> None:
        super().__init__(recipients, limit=None)
        self.now = NOW
        self.memory.clock = lambda: self.now
        self.receipts = receipts
        self.sent: Counter[str] = Counter()
        self.aws.taken = self._taken
        self.drawn = random.Random(SEED)  # noqa: S311 - to be the same each time
        self.calls_left = self.drawn.randint(*BETWEEN)
        self.kills = 0
        self.after_sending = 0  # kills while the provider's answer is in flight: the outcome is unknown

    def _taken(self, entry: Any) -> None:
        tags = {tag["Name"]: [tag["Value"]] for tag in entry["ReplacementTags"]}
        self.sent[tags["user_id"][0]] += 1
        if self.receipts:
            at = self.now + timedelta(seconds=RECEIPT_SECONDS)
            detail = {"eventType": "Delivery", "mail": {"messageId": "0" * 60, "tags": tags}}
            event = {"source": "aws.ses", "time": to_text(at), "detail": detail}
            self.memory.sqs.put("record_receipt", json.dumps(event), delay=RECEIPT_SECONDS)

    def strike(self, operation: str | None) -> Strike:
        """Kills a worker every few calls, before or after the call takes effect."""
        if self.kills == KILLS:
            return Strike.NONE
        self.calls_left -= 1
        worst = self.kills % WORST == 0  # waits for the next provider call and loses its answer
        if self.calls_left > 0 or (worst and operation is not None):
            return Strike.NONE
        struck = Strike.AFTER if worst else self.drawn.choice((Strike.BEFORE, Strike.AFTER))
        self.kills += 1
        self.calls_left = self.drawn.randint(*BETWEEN)
        self.after_sending += operation is None and struck is Strike.AFTER
        return struck

    def bury(self) -> None:
        """Move messages that were received too often to the dead-letter queue."""
        for queue, most in MAX_RECEIVES.items():
            for each in [each for each in self.memory.sqs.visible(queue) if each.received >= most]:
                self.memory.sqs.remove(queue, each.handle)
                self.memory.sqs.put(f"{queue}-dead", each.body)

    def minutes(self) -> Iterator[datetime]:
        """The times at which the reconciler runs."""
        end = self.now + timedelta(hours=HOURS)
        while self.now < end:
            self.now += timedelta(minutes=1)
            yield self.now

    def message(self, message_id: str) -> Message:
        dynamodb: Any = self.memory.dynamodb
        found = Messages(DynamoTable(dynamodb, "messages")).get(message_id)
        assert found is not None
        return found


def kills(recipients: int, *, receipts: bool) -> dict[str, Any]:
    """Send one message while its worker is killed repeatedly. Returns the result."""
    world = World(recipients, receipts=receipts)
    with Functions("internal_api", "fan_out", "deliver", "reconcile", "record_receipt") as functions:
        body = {"topic": "orders", "template": {"id": "order-shipped"}, "data": job.example()}
        message_id = functions.post(body, world.aws, key="one")
        _work(functions, world)
        for _ in world.minutes():
            functions["reconcile"].invoke({}, world.aws)
            _work(functions, world)
            if world.message(message_id).state in AT_REST:
                break
    found = world.message(message_id)
    return {
        "recipients": recipients,
        "kills": world.kills,
        "kills_with_an_answer_on_its_way": world.after_sending,
        "lost": recipients - len(world.sent),
        "duplicated": world.sent.total() - len(world.sent),
        "state": str(found.state),
        "minutes_until_settled": round((world.now - NOW).total_seconds() / 60),
    }


def _work(functions: Functions, world: World) -> None:
    """Process all work that is due now."""
    while True:
        world.bury()
        if not (
            functions.work_off("fan_out", "fan_out", 1, world.aws)
            or functions.work_off("email", "deliver", EVENT_SOURCE_BATCH, world.aws, world.strike)
            or functions.work_off("record_receipt", "record_receipt", 100, world.aws)
        ):
            return
