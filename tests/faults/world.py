"""A deployment in memory whose clock, queues and faults are in a test's hand.

Functions live for one invocation: each is made anew from the tables, as after a cold start, so a
process that dies takes with it whatever it had in mind.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ReadTimeoutError
from fanfare.audience import Audience, Subscription
from fanfare.batches import Batches
from fanfare.cancel import cancel
from fanfare.catalogue import Catalogue, Topic
from fanfare.channels.email import Email, from_tag_value
from fanfare.deliver import Deliver, Pace
from fanfare.deliveries import Deliveries
from fanfare.errors import ConditionFailed, Conflict, FanfareError
from fanfare.fan_out import FanOut
from fanfare.items import Table
from fanfare.messages import Accepted, Messages
from fanfare.models import SubmitRequest
from fanfare.queues import Queues, read_fan_out_body, read_job_body
from fanfare.receipts import Receipt, Report
from fanfare.reconcile import Reconcile
from fanfare.record_receipt import record_receipts
from fanfare.redrive import redrive
from fanfare.status import AT_REST, Outcome, State
from fanfare.submit import submit
from fanfare.templates import Renderer

from local.memory.aws import Memory, Store, refused

START = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
PACE = Pace(lease=75, backoff=30, max_attempts=8, doubt_grace=120, stale_after=120)
VISIBILITY = {"fan_out": 1800.0, "email": 360.0}
MAX_RECEIVES = {"fan_out": 5, "email": 3}
TEMPLATE = {"channels": {"email": {"subject": "Hello", "text": "Hello {{ user.name }}"}}}
AWS_FAILURES = (ClientError, BotoCoreError, FanfareError, ConditionFailed)


_PREPARED: dict[Any, Mapping[str, Store]] = {}


class Died(BaseException):
    """The process is gone, right after a call took effect."""


@dataclass(frozen=True)
class Fault:
    """What happens at the call with this number: it is refused, its answer is lost, or the process dies after it."""

    call: int
    mode: str  # refuse, lose, die


MODES = ("refuse", "lose", "die")


@dataclass
class Provider:
    """SES as its client is seen: it keeps what it accepted, and at which call."""

    world: World
    accepted: list[tuple[str, str, int]] = field(default_factory=list)  # message, user, number of the call
    rejects: set[str] = field(default_factory=set)  # users whose mails it refuses, until they are taken out
    receipts: bool = True

    def send_bulk_email(self, **request: Any) -> Any:
        return self.world.memory.call("ses:SendBulkEmail", lambda: self._accept(request["BulkEmailEntries"]))

    def _accept(self, entries: Sequence[Any]) -> Any:
        results = []
        for entry in entries:
            tags = {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]}
            message, user = tags["message_id"], from_tag_value(tags["user_id"])
            if user in self.rejects:
                results.append({"Status": "MESSAGE_REJECTED"})
                continue
            self.accepted.append((message, user, self.world.calls))
            results.append({"Status": "SUCCESS", "MessageId": f"ses-{len(self.accepted)}"})
            if self.receipts:
                self.world.events.append((self.world.now + timedelta(seconds=20), message, user))
        return {"BulkEmailEntryResults": results}

    def copies(self, message: str) -> Counter[str]:
        return Counter(user for about, user, _ in self.accepted if about == message)


class World:
    """Everything, and the schedule of its faults."""

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        random.seed(seed)
        self.now = START
        self.calls = 0
        self.faults = {fault.call: fault for fault in faults}
        self.struck: list[tuple[Fault, str]] = []
        self.names: list[str] = []
        self.events: list[tuple[datetime, str, str]] = []
        self.memory = Memory(self.clock, metered=False)
        self.provider = Provider(self)
        self.invocations = 0
        self.last_reconcile = START
        self.dynamodb: Any = self.memory.dynamodb
        self.sqs: Any = self.memory.sqs
        self.armed = False
        self.memory.interpose = self.interpose

    def clock(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    # Faults

    def interpose(self, name: str, work: Callable[[], Any]) -> Any:
        if not self.armed:
            return work()
        number, self.calls = self.calls, self.calls + 1
        self.names.append(name)
        fault = self.faults.get(number)
        if fault is None:
            return work()
        self.struck.append((fault, name))
        if fault.mode == "refuse":
            if name.startswith("ses:"):
                raise EndpointConnectionError(endpoint_url="https://email.test")
            raise refused("InternalServerError", "refused", name)
        answer = work()
        if fault.mode == "lose":
            raise ReadTimeoutError(endpoint_url=f"https://{name}.test")
        del answer
        raise Died

    # What the functions are made of

    def table(self, name: str) -> Table:
        return Table(self.dynamodb, name)

    @property
    def messages(self) -> Messages:
        return Messages(self.table("messages"))

    @property
    def batches(self) -> Batches:
        return Batches(self.table("batches"))

    @property
    def audience(self) -> Audience:
        return Audience(self.table("audience"))

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.table("deliveries"))

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.table("catalogue"), monotonic=self.seconds)

    @property
    def queues(self) -> Queues:
        return Queues(
            self.sqs,
            fan_out="fan_out",
            channels={"email": "email"},
            dead_letters={"fan_out": "fan_out-dead", "email": "email-dead"},
        )

    def fan_out(self) -> FanOut:
        return FanOut(
            messages=self.messages,
            audience=self.audience,
            catalogue=self.catalogue,
            batches=self.batches,
            deliveries=self.deliveries,
            queues=self.queues,
            clock=self.clock,
            stale_after=PACE.stale_after,
            sleep=self.sleep,
        )

    def deliver(self) -> Deliver:
        client: Any = self.provider
        return Deliver(
            channel=Email(client, sender="no-reply@example.com", configuration_set=None),
            batches=self.batches,
            messages=self.messages,
            audience=self.audience,
            catalogue=self.catalogue,
            deliveries=self.deliveries,
            renderer=Renderer(),
            clock=self.clock,
            pace=PACE,
        )

    def reconciler(self) -> Reconcile:
        return Reconcile(
            messages=self.messages,
            batches=self.batches,
            deliveries=self.deliveries,
            queues=self.queues,
            clock=self.clock,
            pace=PACE,
        )

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # What services do: they try again until they have an answer

    def prepare(self, users: Sequence[str], **topic: Any) -> None:
        """The audience, without faults; made once, as every schedule begins with the same."""
        key = (tuple(users), str(topic))
        if key not in _PREPARED:
            self._prepare(users, topic)
            _PREPARED[key] = {name: store.copy() for name, store in self.memory.dynamodb.stores.items()}
        self.memory.dynamodb.restore(_PREPARED[key])
        self.armed = True

    def _prepare(self, users: Sequence[str], topic: Mapping[str, Any]) -> None:
        settings: dict[str, Any] = {"title": "News", "created_at": "", "updated_at": "", **topic}
        self.catalogue.put_topic(Topic(id="news", **settings))
        self.catalogue.add_version("hello", TEMPLATE, created_at="")
        self.audience.put_users({user: {"email": f"{user}@example.com", "name": user} for user in users})
        yeses = [Subscription(user_id=user, topic="news", channel="email", created_at="") for user in users]
        self.audience.subscribe_many(yeses, shards=settings.get("shards", 1))

    def post(self, *, key: str = "key-1", **fields: Any) -> str:
        body: dict[str, Any] = {"topic": "news", "template": {"id": "hello"}} | fields

        def attempt() -> Accepted:
            return submit(
                SubmitRequest.model_validate(body),
                caller="service",
                idempotency_key=key,
                body=body,
                messages=self.messages,
                catalogue=self.catalogue,
                renderer=Renderer(),
                queues=self.queues,
                clock=self.clock,
                stale_after=PACE.stale_after,
                retention=timedelta(days=30),
            )

        accepted: Accepted = self.until_answered(attempt)
        return accepted.message_id

    def delete(self, message: str) -> Mapping[str, Any]:
        """The answer to a DELETE; empty where the message was sent already."""

        def attempt() -> Mapping[str, Any]:
            try:
                return cancel(message, messages=self.messages, batches=self.batches, clock=self.clock)
            except Conflict:
                return {}

        answer: Mapping[str, Any] = self.until_answered(attempt)
        return answer

    def redrive(self, message: str) -> None:
        def attempt() -> None:
            try:
                redrive(
                    message, messages=self.messages, queues=self.queues, clock=self.clock, stale_after=PACE.stale_after
                )
            except FanfareError:
                if self.state(message) is State.FAILED:
                    raise

        self.until_answered(attempt)

    def until_answered(self, attempt: Callable[[], Any]) -> Any:
        for _ in range(20):
            try:
                return attempt()
            except (*AWS_FAILURES, Died):
                self.now += timedelta(seconds=1)
        raise AssertionError("never answered")

    # What AWS does

    def pump(self) -> bool:
        """Hand what is visible to the functions; whether there was anything."""
        chosen, sent = self.step("fan_out"), self.step("email")
        return chosen or sent

    def step(self, queue: str, *, limit: int = 10) -> bool:
        """One receive of a queue, as the event source mapping does it; whether there was anything to do."""
        records = self.memory.sqs.take(queue, limit, visibility=VISIBILITY[queue])
        for record in [each for each in records if each.received > MAX_RECEIVES[queue]]:
            self.memory.sqs.remove(queue, record.handle)
            self.memory.sqs.put(f"{queue}-dead", record.body)
        live = [each for each in records if each.received <= MAX_RECEIVES[queue]]
        if live:
            self.invoke(queue, live)
        return bool(live)

    def invoke(self, queue: str, records: Sequence[Any]) -> None:
        """One invocation: what it did not take back or fail is removed from the queue."""
        self.invocations += 1
        self.now += timedelta(milliseconds=50)
        try:
            kept = self._fan_out(records) if queue == "fan_out" else self._deliver(records)
        except Died:
            return
        except AWS_FAILURES:
            return
        for record in records:
            if record.handle not in kept:
                self.memory.sqs.remove(queue, record.handle)

    def _fan_out(self, records: Sequence[Any]) -> set[str]:
        kept = set()
        for record in records:
            try:
                self.fan_out().run(read_fan_out_body(record.body), time_left=lambda: 100.0)
            except AWS_FAILURES:
                kept.add(record.handle)
        return kept

    def _deliver(self, records: Sequence[Any]) -> set[str]:
        jobs = {read_job_body(record.body): record for record in records}
        report = self.deliver().run(list(jobs), owner=f"owner-{self.invocations}", time_left=lambda: 100.0)
        for job, delay in report.again.items():
            self.queues.back_off("email", jobs[job].handle, round(delay))
        return {jobs[job].handle for job in report.again}

    def reconcile(self) -> None:
        try:
            self.reconciler().run(time_left=lambda: 100.0)
        except (*AWS_FAILURES, Died):
            pass  # the next minute's run is the retry

    def receive_events(self) -> None:
        """The provider's events that are due, as far as the function that takes them lives."""
        due = [event for event in self.events if event[0] <= self.now]
        if not due:
            return
        reports = [
            Report(message_id=message, user_id=user, channel="email", receipt=Receipt.DELIVERED, at=at)
            for at, message, user in due
        ]
        try:
            record_receipts(
                reports,
                deliveries=self.deliveries,
                audience=self.audience,
                clock=self.clock,
                retention=timedelta(days=30),
            )
        except (*AWS_FAILURES, Died):
            return  # the queue brings them again
        self.events = [event for event in self.events if event not in due]

    def rest(self, *messages: str, hours: float = 48) -> None:
        """Let time pass until the messages have come to rest and nothing is waiting."""
        end = self.now + timedelta(hours=hours)
        while self.now < end:
            while self.pump():
                pass
            self.receive_events()
            if self.now >= self.last_reconcile + timedelta(minutes=1):
                self.last_reconcile = self.now
                self.reconcile()
            elif self.quiet(messages):
                return
            else:
                self.now = self.last_reconcile + timedelta(minutes=1)

    def quiet(self, messages: Sequence[str]) -> bool:
        armed, self.armed = self.armed, False
        try:
            return not any(self.memory.sqs.queues.values()) and not self.events and all(map(self.settled, messages))
        finally:
            self.armed = armed

    def settled(self, message: str) -> bool:
        known = self.messages.get(message)
        return (
            known is not None
            and known.state in AT_REST
            and not any(True for _ in self.batches.open_batches(message, known.shards))
        )

    # What can be seen

    def state(self, message: str) -> State:
        armed, self.armed = self.armed, False
        known = self.messages.get(message)
        self.armed = armed
        assert known is not None
        return known.state

    def codes(self, message: str) -> dict[str, Outcome]:
        """What the tables say became of each recipient."""
        armed, self.armed = self.armed, False
        known = self.messages.get(message)
        assert known is not None
        found: dict[str, Outcome] = {}
        for _, entry in self.batches.entries(message, known.shards, after=None):
            if isinstance(entry, list):
                found |= {skip.user_id: Outcome.SKIPPED for skip in entry}
                continue
            (batch,) = self.batches.recipients([(message, entry.id)]).values()
            for user, code in zip(batch.recipients, entry.codes, strict=True):
                assert user not in found, f"{user} is in two batches"
                found[user] = Outcome(code)
        self.armed = armed
        return found
