"""A deployment in memory whose clock, queues and faults are in a test's hand.

Functions live for one invocation: each is made anew from the tables, as after a cold start, so a
process that dies takes with it whatever it had in mind.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.queues import Queues
from fanfare.channels.email_events import tag_value
from fanfare.channels.receipts import PROVES_SENT, Receipt
from fanfare.clock import from_text
from fanfare.domain.audience import Subscription
from fanfare.domain.catalogue import Topic
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.reconcile import Reconcile
from fanfare.pipeline.redrive import Redrive
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList
from fanfare.store.windows import Windows

from testing.memory_aws.aws import Memory
from testing.memory_aws.calls import Part
from testing.memory_aws.digests import digest
from testing.memory_aws.errors import refused, throttled
from testing.memory_aws.table import Store
from tests.faults.adversary import Change
from tests.faults.functions import AWS_FAILURES, Functions, Unanswered
from tests.faults.modes import Died, Fault, modes_of
from tests.faults.providers import Provider, Sent, ses_event
from tests.faults.recall import Recall
from tests.faults.times import BATCHES, CHANNEL_NAMES, END, MAX_RECEIVES, MINUTE, START, VISIBILITY

TEMPLATE = {"channels": {"email": {"subject": "Hello", "text": "Hello {{ user.name }}"}}}
PARTS = {
    **TEMPLATE["channels"],
    "sms": {"text": "Hello {{ user.name }}"},
    "push": {"title": "Hello", "body": "Hello {{ user.name }}"},
    "webhook": {"title": "Hello", "body": "Hello {{ user.name }}"},
}
NAMED = "{% for item in data['items'] %}<{{ item.message_id }}>{% endfor %}"
DIGEST = {"channels": {"email": {"subject": "{{ data.count }}", "text": NAMED}}}
_PREPARED: dict[Any, Mapping[str, Store]] = {}


def no_time(_seconds: float) -> None:
    """How the pauses between two tries of one call are waited: else each would make another moment of its own."""


@dataclass(frozen=True)
class Moment:
    """All that there is between two steps: a schedule goes on from here, again and again."""

    act: int
    posted: tuple[str, ...]
    now: datetime
    last_reconcile: datetime
    stores: Mapping[str, Store]
    queues: Any
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
        accepted = [(sent.message, sent.user, sent.channel, sent.excused) for sent in self.accepted]
        times = self.now.timestamp(), self.last_reconcile.timestamp()
        items = [(name, self.stores[name].digest()) for name in CHANGING]
        said = self.act, self.posted, sorted(self.rejects), self.most, self.wrong
        return digest((times, said, queues, self.queues[1], accepted, items))


Act = Callable[["World"], bool]  # one step of a scenario; whether it may go on with its next act
CHANGING = ("messages", "batches", "deliveries", "audience")


class World:
    """Everything; a fault can be set for one step of it."""

    def __init__(self, *, metered: bool = False) -> None:
        random.seed(0)
        self.salt = 0  # what is drawn in a step follows from the time, and from this
        self.seed = 0  # from which it is drawn
        self.now = START
        self.act = 0  # of the scenario that is played
        self.posted: tuple[str, ...] = ()  # those that are judged
        self.most: dict[str, int] = {}  # mails that may leave of a message in all, once its deletion is answered
        self.wrong: list[str] = []  # what should never have happened on the way
        self.called: list[str] = []  # AWS calls of the present step
        self.taken: list[int] = []  # which pieces were taken in the present step
        self._recorded: dict[bytes, tuple[set[str], set[str]]] = {}  # by what the table says
        self.fault: Fault | None = None
        self.struck: str | None = None  # the call that the fault met
        self.channels: tuple[str, ...] = ("email",)  # that have a worker
        self.adversary: Change | None = None  # acts before each call of a function
        self.call_time = timedelta(0)  # what each call takes of a function's time
        self.deadline: datetime | None = None  # at which the function that runs is stopped
        self.memory = Memory(self.clock, metered=metered)
        self.provider = Provider(self)
        self.functions = Functions(self)
        self.recall = Recall(self)
        self.changes = Recall(self)  # of the adversary
        self.last_reconcile = START
        self.end = END
        self.dynamodb: Any = self.memory.dynamodb
        self.sqs: Any = self.memory.sqs
        self._tables: dict[str, DynamoTable] = {}
        self.memory.interpose = self.interpose

    def clock(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    # Moments

    def save(self) -> Moment:
        return Moment(
            self.act,
            self.posted,
            self.now,
            self.last_reconcile,
            self.memory.tables.save(),
            self.memory.sqs.save(),
            tuple(self.provider.accepted),
            self.provider.rejects,
            tuple(self.most.items()),
            tuple(self.wrong),
        )

    def load(self, moment: Moment) -> None:
        self.act, self.posted = moment.act, moment.posted
        self.now, self.last_reconcile = moment.now, moment.last_reconcile
        self.memory.tables.load(moment.stores)
        self.memory.sqs.load(moment.queues)
        self.provider.accepted = [*moment.accepted]
        self.provider.rejects = moment.rejects
        self.most, self.wrong = dict(moment.most), [*moment.wrong]

    # Faults

    def interpose(self, name: str, work: Callable[[], Any]) -> Any:
        return self.recall.call(name, lambda: self._interposed(name, work), lambda: self.memory.call(name, work))

    def _interposed(self, name: str, work: Callable[[], Any]) -> Any:
        number = len(self.called)
        self.called.append(name)
        self._take_time()
        if self.adversary is not None:
            with self.unwatched():
                self.adversary(self)
        fault = self.fault
        if fault is None or fault.call != number or fault.mode not in modes_of(name):
            return work()
        self.struck = name
        if fault.mode == "part":
            self.memory.part = Part()
            return work()
        if fault.mode in ("lose", "die"):
            work()
        self._excuse()
        raise _error(name, fault.mode)

    def change(self, change: Change) -> None:
        """A change of the adversary. It follows from what it reads, and from nothing else."""
        before = self.memory.interpose
        self.memory.interpose = lambda name, work: self.changes.call(name, work, work)
        try:
            self.changes.invoke(change, lambda: change(self))
        finally:
            self.memory.interpose = before

    def _take_time(self) -> None:
        if self.call_time:
            self.now += self.call_time
        if self.deadline is not None and self.now >= self.deadline:
            at = f"{len(self.called)}: {self.called[-1]}"
            self.wrong.append(f"a function was stopped at its time limit, at call {at}")
            raise Died

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """A function runs, and may take so long."""
        self.deadline = self.now + timedelta(seconds=seconds)
        try:
            yield
        finally:
            self.deadline = None

    def seconds_left(self) -> float:
        """Until the function that runs is stopped."""
        assert self.deadline is not None
        return (self.deadline - self.now).total_seconds()

    def _excuse(self) -> None:
        """A fault here keeps the answers, or the records, of what was just taken from being known."""
        for place in self.taken:
            sent = self.provider.accepted[place]
            if not self._recorded_as_sent(sent):
                self.provider.accepted[place] = replace(sent, excused=True)

    def _recorded_as_sent(self, sent: Sent) -> bool:
        key = {"pk": {"S": f"user#{sent.user}"}, "sk": {"S": f"{sent.message}#{sent.channel}"}}
        record = self.memory.tables.stores["deliveries"].get(key)
        return record is not None and record["status"]["S"] == "sent"

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
        table = self._tables.get(name)
        if table is None or table.client is not self.dynamodb:
            table = self._tables[name] = DynamoTable(self.dynamodb, name, sleep=no_time)
        return table

    @property
    def messages(self) -> Messages:
        return Messages(self.table("messages"))

    @property
    def batches(self) -> Batches:
        return Batches(self.table("batches"), self.table("messages"))

    @property
    def windows(self) -> Windows:
        return Windows(self.table("batches"))

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
            channels={name: name for name in CHANNEL_NAMES},
            dead_letters={name: f"{name}-dead" for name in ("fan_out", *self.channels)},
            sleep=no_time,
        )

    def fan_out(self) -> FanOut:
        return self.functions.fan_out()

    def deliver(self) -> Deliver:
        return self.functions.deliver()

    def reconciler(self) -> Reconcile:
        return self.functions.reconcile()

    def redriver(self) -> Redrive:
        return self.functions.redrive()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # What services do: they try again until they have an answer

    def prepare(self, users: Sequence[str], *, channels: Sequence[str] = ("email",), **topic: Any) -> None:
        """The audience, without faults; made once, as every schedule begins with the same."""
        self.channels = tuple(channels)
        key = (tuple(users), self.channels, str(topic))
        if key not in _PREPARED:
            self._prepare(users, topic)
            _PREPARED[key] = self.memory.tables.save()
        self.memory.tables.load(_PREPARED[key])

    def _prepare(self, users: Sequence[str], topic: Mapping[str, Any]) -> None:
        settings: dict[str, Any] = {"title": "News", "created_at": "", "updated_at": "", **topic}
        settings["channels"] = self.channels
        self.catalogue.put_topic(Topic(id="news", **settings))
        template = {"channels": {channel: PARTS[channel] for channel in self.channels}}
        self.catalogue.add_version("hello", template, created_at="")
        if "digest" in topic:
            self.catalogue.add_version(topic["digest"]["template"]["id"], DIGEST, created_at="")
        profiles = {user: profile(user, number, self.channels) for number, user in enumerate(users)}
        self.audience.users.put_many(profiles)
        yeses = [
            Subscription(user_id=user, topic="news", channel=channel, created_at="")
            for user in users
            for channel in self.channels
        ]
        self.audience.subscriptions.add_many(yeses, shards=settings.get("shards", 1))

    def post(self, *, key: str = "key-1", **fields: Any) -> str:
        body: dict[str, Any] = {"topic": "news", "template": {"id": "hello"}} | fields
        status, answer = self.functions.on_request("POST", "/v1/messages", body, idempotency_key=key)
        assert status == 202, answer
        return str(answer["id"])

    def delete(self, message: str) -> Mapping[str, Any]:
        """The answer to a DELETE; empty where the message was sent already.

        Once it is given, no more may leave than it says is in flight.
        """
        status, answer = self.functions.on_request("DELETE", f"/v1/messages/{message}")
        if status == 409:
            return {}
        assert status == 200, answer
        self.most.setdefault(message, self.provider.copies(message).total() + answer["in_flight"])
        return answer

    def redrive(self, message: str) -> None:
        """Has no effect where the message has not failed, or was re-driven by the call whose answer was lost."""
        status, answer = self.functions.on_request("POST", f"/v1/messages/{message}/redrives")
        assert status in (202, 409), answer

    # Steps

    def once(self, act: Act, fault: Fault | None = None) -> bool:
        """One step of an act, with a fault at one of its calls. Whether the act is over."""
        self.seed = int(self.now.timestamp() * 1000) + self.salt
        random.seed(self.seed)
        self.called, self.taken, self.fault, self.struck = [], [], fault, None
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
        store = self.memory.tables.stores["deliveries"]
        found = self._recorded.get(store.digest())
        if found is None:
            found = self._recorded[store.digest()] = self._read(store)
        return found

    @staticmethod
    def _read(deliveries: Store) -> tuple[set[str], set[str]]:
        known, failed = set(), set()
        for pk, partition in deliveries.partitions.items():
            for sk, item in partition.items.items():
                message, channel, *receipt = sk.split("#")
                who = f"{pk} of {message} by {channel}"
                status = item.get("status", {}).get("S")
                if status == "sent" or PROVES_SENT.intersection(receipt):
                    known.add(who)
                elif status == "failed":
                    failed.add(who)
        return known, failed

    def answered(self, request: Callable[[], object]) -> bool:
        """Whether a service got its answer; else it tries again in a second."""
        try:
            request()
        except (Unanswered, Died):
            self.now += timedelta(seconds=1)
            return False
        return True

    # What AWS does

    def step(self, queue: str, *, limit: int | None = None) -> bool:
        """One receive of a queue, as the event source mapping does it; whether there was anything to do."""
        records = self.memory.sqs.take(queue, limit or BATCHES[queue], visibility=VISIBILITY[queue])
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
            if queue in CHANNEL_NAMES:
                again = self.functions.on_records("deliver", records, channel=queue)
            else:
                again = self.functions.on_records(queue, records)
        except (*AWS_FAILURES, Died):
            return
        for record in records:
            if record.id not in again:
                self.memory.sqs.remove(queue, record.handle)

    def reconcile(self) -> None:
        with suppress(RuntimeError, *AWS_FAILURES, Died):  # the next minute's run is the retry
            self.functions.on_schedule()

    def report(self, tags: Mapping[str, str], mail: str, receipt: Receipt, *, after: float = 0.0) -> None:
        """SES reports of a mail, in so many seconds: the bus hands it to the queue."""
        event = ses_event(tags, mail, receipt, self.now + timedelta(seconds=after))
        self.memory.sqs.put("record_receipt", json.dumps(event), delay=after)

    def report_of(self, sent: Sent, receipt: Receipt) -> None:
        """The same at once, of a mail that was sent."""
        self.report({"message_id": sent.message, "user_id": tag_value(sent.user)}, "ses", receipt)

    def receive_events(self) -> bool:
        """The provider's events that are due, as far as the function that takes them lives; whether there were any."""
        return self.step("record_receipt")

    def rest(self, *messages: str) -> None:
        """Let time pass until the messages have come to rest and nothing is waiting."""
        while not self.tick(messages):
            pass

    def tick(self, messages: Sequence[str]) -> bool:
        """What comes next: an invocation, or time passes. Whether nothing comes any more."""
        if not any(map(self.step, ("fan_out", *self.channels, "record_receipt"))):
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
        times = [self.memory.sqs.next_visible()]
        times += [from_text(due) for name in ("messages", "batches") if (due := self.earliest_due(name))]
        earliest = min((time for time in times if time is not None), default=self.end + MINUTE)
        return self.last_reconcile + MINUTE * max(1, -((self.last_reconcile - earliest) // MINUTE))

    def earliest_due(self, table: str) -> str | None:
        return min(
            (rows[0][0] for rows in self.memory.tables.stores[table].indexes["due"].values() if rows), default=None
        )

    def quiet(self, messages: Sequence[str]) -> bool:
        if any(self.memory.sqs.queues.values()):
            return False
        if any(self.memory.tables.stores["batches"].indexes["due"].values()):
            return False  # a batch, or a window
        with self.unwatched():
            return all(map(self.settled, (*messages, *self.digests())))

    def digests(self) -> list[str]:
        """Ids of the digests, in order."""
        items = (each.items.get("message") for each in self.memory.tables.stores["messages"].partitions.values())
        return sorted(item["id"]["S"] for item in items if item is not None and "digest_of" in item)

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

    def outcomes(self, message: str) -> dict[tuple[str, str], Outcome]:
        """What the tables say became of each recipient, by user and channel."""
        shards = self.known(message).shards
        found: dict[tuple[str, str], Outcome] = {}
        with self.unwatched():
            for entry in RecipientList(self.batches.items).entries(message, shards, after=None, size=50):
                who = entry.user_id, entry.channel
                assert who not in found, f"{who} is there twice"
                found[who] = entry.outcome
        return found

    def codes(self, message: str) -> dict[str, Outcome]:
        """The same by user, of a message with one channel."""
        found = self.outcomes(message)
        codes = {user: outcome for (user, _), outcome in found.items()}
        assert len(codes) == len(found), "it has several channels"
        return codes

    def records_that_differ(self, message: str, outcomes: Mapping[tuple[str, str], Outcome]) -> list[str]:
        """Recipients whose own record says something else than their batch."""
        with self.unwatched():
            records = self.deliveries.get_many((user, message, channel) for user, channel in outcomes)
        return [
            f"{user} is {outcome.label}, but their record says {record.status.label if record else 'nothing'}"
            for (user, channel), outcome in outcomes.items()
            for record in [records.get((user, message, channel))]
            if record is None or record.status is not outcome
        ]

    def counts_that_differ(self, message: str, outcomes: Sequence[Outcome]) -> list[str]:
        """Whether the counts that a message came to rest with are those of its batches."""
        known = self.known(message)
        if known.counts is None or known.state is State.DELETED:
            return []
        summed = Counter(outcome.label for outcome in outcomes)
        told = {label: known.counts[label] for label in ("sent", "failed", "skipped", "deleted", "digested")}
        return [] if told == {label: summed[label] for label in told} else [f"it says {told}, its batches say {summed}"]


def profile(user: str, number: int, channels: Sequence[str]) -> dict[str, Any]:
    """A user with an address on each of the channels."""
    addresses: dict[str, Any] = {
        "email": f"{user}@example.com",
        "sms": f"+4366412345{number:02}",
        "push": [{"platform": "fcm", "token": f"token-{user}"}],
        "webhook": {"url": f"https://{user}.example.com/fanfare"},
    }
    fields = {"sms": "phone"}
    return {fields.get(channel, channel): addresses[channel] for channel in channels} | {"name": user}


def _error(name: str, mode: str) -> BaseException:
    """What the caller of a call sees of a fault."""
    if mode == "die":
        return Died()
    if mode == "throttle":
        return throttled(name)
    if name.startswith("https:"):
        return ConnectionRefusedError() if mode == "refuse" else TimeoutError()
    if mode == "lose":
        return ReadTimeoutError(endpoint_url=f"https://{name}.test")
    if name.startswith(("ses:", "sns:")):
        return EndpointConnectionError(endpoint_url=f"https://{name}.test")
    return refused("InternalServerError", "refused", name)
