"""A deployment in memory whose clock, queues and faults are in a test's hand.

Functions live for one invocation: each is made anew from the tables, as after a cold start, so a
process that dies takes with it whatever it had in mind.
"""

from __future__ import annotations

import marshal
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ReadTimeoutError
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.queues import Queues
from fanfare.channels.email import Email, from_tag_value
from fanfare.channels.receipts import PROVES_SENT, Receipt, ReceiptEvent
from fanfare.clock import from_text, to_text
from fanfare.domain.audience import Subscription
from fanfare.domain.catalogue import Topic
from fanfare.domain.jobs import read_fan_out_body, read_job_body
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict, FanfareError
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.build_message import BuildMessage
from fanfare.pipeline.cancel import Cancel
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.pipeline.reconcile import Reconcile
from fanfare.pipeline.record_receipts import RecordReceipts
from fanfare.pipeline.redrive import Redrive
from fanfare.pipeline.submit import Submit
from fanfare.schemas.messages import SubmitRequest
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList
from fanfare.templates.renderer import Renderer

from testing.memory_aws.aws import Memory
from testing.memory_aws.errors import refused
from testing.memory_aws.table import Store

START = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
END = START + timedelta(days=4)  # what is not at rest by then never will be
MINUTE = timedelta(minutes=1)
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
    """What happens at a step's call with this number: refused, its answer lost, or the process dead right after it."""

    call: int
    mode: str  # refuse, lose, die


MODES = ("refuse", "lose", "die")


RECORDED_WITHIN = 2  # the records are the next call after the provider's, and one more where it is repeated


@dataclass(frozen=True)
class Sent:
    """A mail that the provider took. `excused`: its answer, or the record of it, fell to a fault."""

    message: str
    user: str
    excused: bool = False


@dataclass
class Provider:
    """SES as its client is seen: it keeps what it accepted."""

    world: World
    accepted: list[Sent] = field(default_factory=list)
    rejects: frozenset[str] = frozenset()  # users whose mails it refuses, until they are taken out
    puts_off: Counter[str] = field(default_factory=Counter)  # how often it can't take a user's mail at the moment
    receipts: bool = True
    quota_until: datetime = START  # until then its daily quota is used up
    asleep: frozenset[str] = frozenset()  # who must not be reached between the two times of the night
    night: tuple[datetime, datetime] = (START, START)
    taken_at: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, of which message, for whom

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
            if self.world.now < self.quota_until:
                results.append({"Status": "ACCOUNT_DAILY_QUOTA_EXCEEDED"})
                continue
            if self.puts_off[user]:
                self.puts_off[user] -= 1
                results.append({"Status": "TRANSIENT_FAILURE"})
                continue
            self.world.sent_at[len(self.accepted)] = self.world.calls
            self.accepted.append(Sent(message, user))
            self.taken_at.append((self.world.now, message, user))
            if user in self.asleep and self.night[0] <= self.world.now < self.night[1]:
                self.world.wrong.append(f"{user} was reached at {self.world.now}, in their quiet hours")
            results.append({"Status": "SUCCESS", "MessageId": f"ses-{len(self.accepted)}"})
            if self.receipts:
                self.world.events.append((self.world.now + timedelta(seconds=90), message, user, Receipt.DELIVERED))
        return {"BulkEmailEntryResults": results}

    def copies(self, message: str) -> Counter[str]:
        return Counter(sent.user for sent in self.accepted if sent.message == message)


# When it comes, and what it reports of which message and user
Event = tuple[datetime, str, str, Receipt]


@dataclass(frozen=True)
class Moment:
    """All that there is between two steps: a schedule goes on from here, again and again."""

    act: int
    message: str | None
    now: datetime
    last_reconcile: datetime
    stores: Mapping[str, Store]
    queues: Any
    events: tuple[Event, ...]
    accepted: tuple[Sent, ...]
    rejects: frozenset[str]
    most: tuple[tuple[str, int], ...]
    wrong: tuple[str, ...]

    def key(self) -> bytes:
        """The same for two moments from which the same follows."""
        queues = [
            (name, [(each.id, each.body, each.visible_at.timestamp(), each.received) for each in waiting])
            for name, waiting in sorted(self.queues[0].items())
        ]
        events = [(at.timestamp(), message, user, str(kind)) for at, message, user, kind in self.events]
        accepted = [(sent.message, sent.user, sent.excused) for sent in self.accepted]
        times = self.now.timestamp(), self.last_reconcile.timestamp()
        items = [(name, self.stores[name].bytes()) for name in CHANGING]
        said = self.act, self.message, sorted(self.rejects), self.most, self.wrong
        # the second version knows no references: what is equal is written alike
        return marshal.dumps((times, said, queues, self.queues[1], events, accepted, items), 2)


Act = Callable[["World"], bool]  # one step of a scenario; whether it may go on with its next act
CHANGING = ("messages", "batches", "deliveries", "audience")


class World:
    """Everything; a fault can be set for one step of it."""

    def __init__(self) -> None:
        random.seed(0)
        self.salt = 0  # what is drawn in a step follows from the time, and from this
        self.now = START
        self.act = 0  # of the scenario that is played
        self.message: str | None = None  # the one that is judged
        self.most: dict[str, int] = {}  # mails that may leave of a message in all, once its deletion is answered
        self.wrong: list[str] = []  # what should never have happened on the way
        self.calls = 0  # of the present step
        self.sent_at: dict[int, int] = {}  # which mail was taken at which call of the present step
        self.fault: Fault | None = None
        self.struck: str | None = None  # the call that the fault met
        self.events: list[Event] = []
        self.memory = Memory(self.clock, metered=False)
        self.provider = Provider(self)
        self.last_reconcile = START
        self.end = END
        self.dynamodb: Any = self.memory.dynamodb
        self.sqs: Any = self.memory.sqs
        self.memory.interpose = self.interpose

    def clock(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    # Moments

    def save(self) -> Moment:
        return Moment(
            self.act,
            self.message,
            self.now,
            self.last_reconcile,
            self.memory.tables.save(),
            self.memory.sqs.save(),
            tuple(self.events),
            tuple(self.provider.accepted),
            self.provider.rejects,
            tuple(self.most.items()),
            tuple(self.wrong),
        )

    def load(self, moment: Moment) -> None:
        self.act, self.message = moment.act, moment.message
        self.now, self.last_reconcile = moment.now, moment.last_reconcile
        self.memory.tables.load(moment.stores)
        self.memory.sqs.load(moment.queues)
        self.events = [*moment.events]
        self.provider.accepted = [*moment.accepted]
        self.provider.rejects = moment.rejects
        self.most, self.wrong = dict(moment.most), [*moment.wrong]

    # Faults

    def interpose(self, name: str, work: Callable[[], Any]) -> Any:
        number, self.calls = self.calls, self.calls + 1
        fault = self.fault
        if fault is None or fault.call != number:
            return work()
        self.struck = name
        answer = work() if fault.mode != "refuse" else None
        self._excuse(number)
        if fault.mode == "refuse":
            if name.startswith("ses:"):
                raise EndpointConnectionError(endpoint_url="https://email.test")
            raise refused("InternalServerError", "refused", name)
        if fault.mode == "lose":
            raise ReadTimeoutError(endpoint_url=f"https://{name}.test")
        del answer
        raise Died

    def _excuse(self, number: int) -> None:
        """A fault here keeps the answers, or the records, of the mails just taken from being known."""
        for place, call in self.sent_at.items():
            if call > number - RECORDED_WITHIN:
                self.provider.accepted[place] = replace(self.provider.accepted[place], excused=True)

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """What a test looks up: no call of the functions."""
        interpose, self.memory.interpose = self.memory.interpose, None
        try:
            yield
        finally:
            self.memory.interpose = interpose

    # What the functions are made of

    def table(self, name: str) -> DynamoTable:
        return DynamoTable(self.dynamodb, name)

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
            channels={"email": "email", "sms": "sms"},
            dead_letters={"fan_out": "fan_out-dead", "email": "email-dead"},
        )

    def fan_out(self) -> FanOut:
        return FanOut(
            messages=self.messages,
            audience=self.audience,
            candidates=Candidates(audience=self.audience, catalogue=self.catalogue),
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
            sleep=self.sleep,
        )

    def reconciler(self) -> Reconcile:
        return Reconcile(
            messages=self.messages,
            batches=self.batches,
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
            _PREPARED[key] = self.memory.tables.save()
        self.memory.tables.load(_PREPARED[key])

    def _prepare(self, users: Sequence[str], topic: Mapping[str, Any]) -> None:
        settings: dict[str, Any] = {"title": "News", "created_at": "", "updated_at": "", **topic}
        self.catalogue.put_topic(Topic(id="news", **settings))
        self.catalogue.add_version("hello", TEMPLATE, created_at="")
        self.audience.users.put_many({user: {"email": f"{user}@example.com", "name": user} for user in users})
        yeses = [Subscription(user_id=user, topic="news", channel="email", created_at="") for user in users]
        self.audience.subscriptions.add_many(yeses, shards=settings.get("shards", 1))

    def post(self, *, key: str = "key-1", **fields: Any) -> str:
        body: dict[str, Any] = {"topic": "news", "template": {"id": "hello"}} | fields
        build = BuildMessage(
            catalogue=self.catalogue, renderer=Renderer(), stale_after=PACE.stale_after, retention=timedelta(days=30)
        )
        submit = Submit(build=build, messages=self.messages, queues=self.queues, clock=self.clock)
        request = SubmitRequest.model_validate(body)
        return submit.run(request, caller="service", idempotency_key=key, body=body).message_id

    def delete(self, message: str) -> Mapping[str, Any]:
        """The answer to a DELETE; empty where the message was sent already.

        Once it is given, no more may leave than it says is in flight.
        """
        try:
            answer = Cancel(messages=self.messages, batches=self.batches, clock=self.clock).run(message)
        except Conflict:
            return {}
        self.most.setdefault(message, self.provider.copies(message).total() + answer["in_flight"])
        return answer

    def redriver(self) -> Redrive:
        return Redrive(messages=self.messages, queues=self.queues, clock=self.clock, stale_after=PACE.stale_after)

    def redrive(self, message: str) -> None:
        """Has no effect where the message has not failed, or was re-driven by the call whose answer was lost."""
        with suppress(Conflict):
            self.redriver().run(message)

    # Steps

    def once(self, act: Act, fault: Fault | None = None) -> bool:
        """One step of an act, with a fault at one of its calls. Whether the act is over."""
        random.seed(int(self.now.timestamp() * 1000) + self.salt)
        self.calls, self.sent_at, self.fault, self.struck = 0, {}, fault, None
        known, failed = self.recorded()
        over = act(self)
        self.fault = None
        self.wrong += [f"{who} was known as sent, and failed" for who in (self.recorded()[1] - failed) & known]
        for message, most in self.most.items():
            if self.provider.copies(message).total() > most:
                self.wrong.append("more left after the deletion than was in flight")
        return over

    def recorded(self) -> tuple[set[str], set[str]]:
        """Who is sent by our own record or a receipt, and whose record says failed: user and message."""
        known, failed = set(), set()
        for pk, partition in self.memory.tables.stores["deliveries"].partitions.items():
            for sk, item in partition.items.items():
                message, _, *receipt = sk.split("#")
                status = item.get("status", {}).get("S")
                if status == "sent" or PROVES_SENT.intersection(receipt):
                    known.add(f"{pk} of {message}")
                elif status == "failed":
                    failed.add(f"{pk} of {message}")
        return known, failed

    def answered(self, request: Callable[[], object]) -> bool:
        """Whether a service got its answer; else it tries again in a second."""
        try:
            request()
        except (*AWS_FAILURES, Died):
            self.now += timedelta(seconds=1)
            return False
        return True

    # What AWS does

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
        report = self.deliver().run(list(jobs), owner=f"worker of {to_text(self.now)}", time_left=lambda: 100.0)
        for job, delay in report.again.items():
            self.queues.back_off("email", jobs[job].handle, round(delay))
        return {jobs[job].handle for job in report.again}

    def reconcile(self) -> None:
        try:
            self.reconciler().run(time_left=lambda: 100.0)
        except (*AWS_FAILURES, Died):
            pass  # the next minute's run is the retry

    def receive_events(self) -> bool:
        """The provider's events that are due, as far as the function that takes them lives; whether there were any."""
        due = [event for event in self.events if event[0] <= self.now]
        if not due:
            return False
        reports = [
            ReceiptEvent(message_id=message, user_id=user, channel="email", receipt=receipt, at=at)
            for at, message, user, receipt in due
        ]
        try:
            RecordReceipts(
                deliveries=self.deliveries,
                audience=self.audience,
                clock=self.clock,
                retention=timedelta(days=30),
            ).run(reports)
        except (*AWS_FAILURES, Died):
            return True  # the queue brings them again
        self.events = [event for event in self.events if event not in due]
        return True

    def rest(self, *messages: str) -> None:
        """Let time pass until the messages have come to rest and nothing is waiting."""
        while not self.tick(messages):
            pass

    def tick(self, messages: Sequence[str]) -> bool:
        """What comes next: an invocation, or time passes. Whether nothing comes any more."""
        if not (self.step("fan_out") or self.step("email") or self.receive_events()):
            if self.now >= self.last_reconcile + MINUTE:
                self.last_reconcile = self.now
                self.reconcile()
            elif self.quiet(messages) or self.now > self.end:
                return True
            else:
                self.now = self.next_minute()
        return False

    def next_minute(self) -> datetime:
        """The schedule's next minute in which there is anything to do.

        A run of the reconciler that finds nothing reads empty answers and writes nothing, whatever fault strikes
        it: such minutes are passed over.
        """
        times = [self.memory.sqs.next_visible(), *(event[0] for event in self.events)]
        times += [from_text(due) for name in ("messages", "batches") if (due := self.earliest_due(name))]
        earliest = min((time for time in times if time is not None), default=self.end + MINUTE)
        return self.last_reconcile + MINUTE * max(1, -((self.last_reconcile - earliest) // MINUTE))

    def earliest_due(self, table: str) -> str | None:
        return min(
            (rows[0][0] for rows in self.memory.tables.stores[table].indexes["due"].values() if rows), default=None
        )

    def quiet(self, messages: Sequence[str]) -> bool:
        if any(self.memory.sqs.queues.values()) or self.events:
            return False
        with self.unwatched():
            return all(map(self.settled, messages))

    def settled(self, message: str) -> bool:
        known = self.messages.get(message)
        return (
            known is not None
            and known.state in AT_REST
            and not any(True for _ in self.batches.open_batches(message, known.shards))
        )

    # What can be seen

    def known(self, message: str) -> Message:
        with self.unwatched():
            known = self.messages.get(message)
        assert known is not None
        return known

    def state(self, message: str) -> State:
        return self.known(message).state

    def codes(self, message: str) -> dict[str, Outcome]:
        """What the tables say became of each recipient."""
        shards = self.known(message).shards
        found: dict[str, Outcome] = {}
        with self.unwatched():
            for entry in RecipientList(self.table("batches")).entries(message, shards, after=None, size=50):
                assert entry.user_id not in found, f"{entry.user_id} is there twice"
                found[entry.user_id] = entry.outcome
        return found

    def records_that_differ(self, message: str, codes: Mapping[str, Outcome]) -> list[str]:
        """Recipients whose own record says something else than their batch."""
        with self.unwatched():
            records = self.deliveries.get_many((user, message, "email") for user in codes)
        found = {user: records.get((user, message, "email")) for user in codes}
        return [
            f"{user} is {code.label}, but their record says {record.status.label if record else 'nothing'}"
            for user, code in codes.items()
            for record in [found[user]]
            if record is None or record.status is not code
        ]

    def counts_that_differ(self, message: str, codes: Mapping[str, Outcome]) -> list[str]:
        """Whether the counts that a message came to rest with are those of its batches."""
        known = self.known(message)
        if known.counts is None or known.state is State.DELETED:
            return []
        summed = Counter(code.label for code in codes.values())
        told = {label: known.counts[label] for label in ("sent", "failed", "skipped", "deleted")}
        return [] if told == {label: summed[label] for label in told} else [f"it says {told}, its batches say {summed}"]
