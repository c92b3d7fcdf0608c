"""A deployment on an in-memory AWS, with the real use cases and the real SDK."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.event_bus import Events
from fanfare.aws.queues import Queues
from fanfare.channels import Channel, Email, Inbox, Push, Sms, Webhook
from fanfare.channels.base import Envelope, InTime, Kind, SendResult, always
from fanfare.domain.audience import Subscription
from fanfare.domain.catalogue import Topic
from fanfare.domain.jobs import read_fan_out_body, read_job_body
from fanfare.domain.lifecycle import State
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.build_message import BuildMessage
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.digests.contents import DigestContents
from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.pipeline.fan_out.short_way import ShortWay
from fanfare.pipeline.submit import Submit
from fanfare.schemas.messages import SubmitRequest
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes
from fanfare.store.messages import Messages
from fanfare.store.windows import Windows
from fanfare.templates.renderer import Renderer

from bench.harness.null_aws import NullAws
from local.demo import job
from testing.memory_aws.aws import Memory
from testing.memory_aws.calls import Usage
from testing.memory_aws.table import Store

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
LIMIT = {"count": 3, "per_seconds": 3600, "overflow": "drop"}
PACE = Pace(lease=75, backoff=30, max_attempts=8, doubt_grace=120, stale_after=120)


@dataclass
class Cost:
    """The cost of one message."""

    recipients: int
    usage: Usage
    post_calls: int
    invocations: int  # of the workers
    events: int  # entries put on the bus
    cpu: dict[str, float] = field(default_factory=dict)  # seconds, by function

    @property
    def calls_per_1000(self) -> float:
        return self.usage.calls.total() * 1000 / self.recipients

    @property
    def write_units(self) -> float:
        return sum(self.usage.write_units.values()) / self.recipients

    @property
    def read_units(self) -> float:
        return sum(self.usage.read_units.values()) / self.recipients

    @property
    def cpu_per_1000(self) -> float:
        return sum(self.cpu.values()) * 1000 / self.recipients

    def summary(self) -> dict[str, float]:
        return {
            "aws_calls_per_1000": round(self.calls_per_1000, 1),
            "write_units_per_delivery": round(self.write_units, 3),
            "read_units_per_delivery": round(self.read_units, 3),
        }

    def least(self, other: Cost) -> Cost:
        """Merge another run of the same message: the minimum CPU per function. The counts must be equal."""
        if (self.usage, self.post_calls) != (other.usage, other.post_calls):
            raise AssertionError(f"The counts differ between runs: {self.usage} and {other.usage}")
        return replace(self, cpu={name: min(spent, other.cpu[name]) for name, spent in self.cpu.items()})


# Content and addresses of the other channels; the mail is the demo's.
TEXTS: Final = {
    "sms": {"text": "Your order {{ data.order }} is on its way, {{ user.name }}."},
    **{
        name: {"title": "On its way", "body": "Your order {{ data.order }} has left, {{ user.name }}."}
        for name in ("push", "webhook", "inbox")
    },
}
Mail = Literal["usual", "bare", "derived", "linked"]
SENDER: Final = {"name": "The Shop", "address": "shop@example.com", "reply_to": ["help@example.com"]}
VIEW: Final = '<a href="{{ links.view }}">View in the browser</a>'
ADDRESS: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "email": lambda user: {"email": f"{user}@example.com"},
    "sms": lambda user: {"phone": f"+43664{user[-7:]}"},
    "push": lambda user: {"push": [{"platform": "android", "token": user}]},
    "webhook": lambda user: {"webhook": {"url": f"https://example.com/{user}"}},
    "inbox": lambda user: {},  # noqa: ARG005 - everybody has one
}


class _Posting(Webhook):
    """A webhook channel whose endpoint accepts everything without network."""

    def __init__(self, aws: NullAws) -> None:
        super().__init__(keys=lambda: {"k1": "a key for the bench alone"}, clock=lambda: NOW)
        self.aws = aws

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:  # noqa: ARG002
        self.aws.sent += len(envelopes)
        return [SendResult(Kind.SENT)] * len(envelopes)


class _Filing(Inbox):
    """The inbox channel, which counts its deliveries."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(Inboxes(bench.table("inbox"), clock=bench.clock, retention=timedelta(days=30)))
        self.aws = bench.aws

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        self.aws.sent += len(envelopes)
        return super().send(envelopes, in_time=in_time)


OPEN: Final[Mapping[str, Callable[[Bench], Channel]]] = {
    "email": lambda bench: Email(bench.clients["sesv2"], sender="no-reply@example.com", configuration_set="fanfare"),
    "sms": lambda bench: Sms(bench.clients["sns"]),
    "push": lambda bench: Push(bench.clients["sns"], applications={"fcm": "arn:app"}),
    "webhook": lambda bench: _Posting(bench.aws),
    "inbox": _Filing,
}


@functools.cache
def _prepared(recipients: int, limit: str, channel: str, mail: str, shards: int) -> dict[str, Store]:
    """The tables before the message. The audience is written without the SDK, because it is not measured."""
    memory = Memory(lambda: NOW, metered=False)
    dynamodb: Any = memory.dynamodb
    audience, catalogue = Audience(DynamoTable(dynamodb, "audience")), Catalogue(DynamoTable(dynamodb, "catalogue"))
    topic: dict[str, Any] = {"title": "Orders", "channels": (channel,), "limit": json.loads(limit), "shards": shards}
    more: dict[str, dict[str, Any]] = {"bare": {"footer": False}, "linked": {"sender": SENDER}}
    topic |= more.get(mail, {})
    catalogue.put_topic(Topic(id="orders", **topic, created_at="", updated_at=""))
    template = job.template()
    if mail == "derived":
        del template["channels"]["email"]["text"]
    if mail == "linked":
        html = template["channels"]["email"]["html"]
        template["channels"]["email"]["html"] = html.replace("</body>", f"{VIEW}</body>")
    catalogue.add_version("order-shipped", template | {"channels": TEXTS | template["channels"]}, created_at="")
    users = [f"user-{number:07d}" for number in range(recipients)]
    audience.users.put_many({user: {"name": user.title(), "locale": "en", **ADDRESS[channel](user)} for user in users})
    yeses = [Subscription(user_id=user, topic="orders", channel=channel, created_at="") for user in users]
    audience.subscriptions.add_many(yeses, shards=shards)
    return memory.tables.stores


class Bench:
    """A deployment without network that processes one message to a topic.

    `mail`: the demo's with its footer; without one; without its text, which is derived; or with a link to view it and
    a sender of the topic's own.
    """

    def __init__(
        self,
        recipients: int,
        *,
        limit: dict[str, Any] | None,
        channel: str = "email",
        mail: Mail = "usual",
        shards: int = 1,
    ) -> None:
        self.recipients = recipients
        self.name = channel
        self.memory = Memory(self.clock)
        self.aws: NullAws = NullAws(self.memory)
        self.clients: dict[str, Any] = {
            name: self.aws.client(name) for name in ("dynamodb", "sqs", "sesv2", "sns", "events")
        }
        self.events = Events(lambda: self.clients["events"], bus="fanfare")
        self.cpu: dict[str, float] = {}
        self.messages = Messages(self.table("messages"), moved=self.events.moved)
        self.deliveries = Deliveries(self.table("deliveries"), recorded=self.events.recorded)
        self.audience, self.batches = (
            Audience(self.table("audience")),
            Batches(self.table("batches"), self.table("messages"), moved=self.events.moved),
        )
        self.windows = Windows(self.table("batches"))
        self.renderer = Renderer()
        # so caches with a lifetime of a second do not expire while it works
        self.catalogue = Catalogue(self.table("catalogue"), monotonic=lambda: 0.0)
        self.queues = Queues(self.clients["sqs"], fan_out="fan_out", channels={channel: channel})
        self.channel: Channel = OPEN[channel](self)
        self.channel.side_by_side = 1  # the in-memory AWS is used by one thread
        self.invocations = 0
        self.memory.tables.load(_prepared(recipients, json.dumps(limit), channel, mail, shards))

    def clock(self) -> datetime:
        return NOW  # frozen: the speed of the machine must not affect the counts

    def table(self, name: str) -> DynamoTable:
        return DynamoTable(self.clients["dynamodb"], name)

    def run(self) -> Cost:
        """Post one message and run the functions until it is sent."""
        message = self.post({"topic": "orders"}, key="one")
        post_calls = self.memory.usage.calls.total()
        self.work_off()
        usage = self.memory.usage
        found = self.messages.get(message)
        if found is None or found.state is not State.SENT or self.aws.sent != self.recipients:
            raise AssertionError(f"{self.aws.sent} of {self.recipients} sent; {found and found.state}")
        usage.calls["dynamodb:GetItem"] -= 1  # ours, just now
        return Cost(self.recipients, usage, post_calls, self.invocations, self.aws.events, self.cpu)

    def work_off(self) -> None:
        """Run the workers until the queues are empty."""
        while self.memory.sqs.queues.get("fan_out") or self.memory.sqs.queues.get(self.name):
            for body in self._take("fan_out", 1):
                self._timed("fan_out", partial(self._fan_out, body))
                self.invocations += 1
            bodies = self._take(self.name, 10)
            if bodies:
                self._timed("deliver", partial(self._deliver, bodies))
                self.invocations += 1

    def post(self, fields: Mapping[str, Any], *, key: str) -> str:
        """Post a message. Returns its id."""
        body = {"template": {"id": "order-shipped"}, "data": job.example(), **fields}
        posted: str = self._timed("internal_api", partial(self._post, body, key))
        return posted

    def _timed(self, function: str, work: Callable[[], Any]) -> Any:
        began, behind = time.process_time(), self.aws.seconds
        result = work()
        self.cpu[function] = self.cpu.get(function, 0.0) + time.process_time() - began - (self.aws.seconds - behind)
        return result

    def _take(self, queue: str, limit: int) -> list[str]:
        taken = self.memory.sqs.take(queue, limit, visibility=600)
        for each in taken:
            self.memory.sqs.remove(queue, each.handle)
        return [each.body for each in taken]

    def _post(self, body: Mapping[str, Any], key: str) -> str:
        build = BuildMessage(
            catalogue=self.catalogue,
            renderer=self.renderer,
            stale_after=PACE.stale_after,
            retention=timedelta(days=30),
            person_id=lambda kind, address: f"addr_{kind}{address}",
        )
        short_way = ShortWay(
            messages=self.messages,
            audience=self.audience,
            candidates=Candidates(audience=self.audience, catalogue=self.catalogue, windows=self.windows),
            deliveries=self.deliveries,
            windows=self.windows,
            queues=self.queues,
            clock=self.clock,
            stale_after=PACE.stale_after,
        )
        submit = Submit(build=build, short_way=short_way, messages=self.messages, queues=self.queues, clock=self.clock)
        request = SubmitRequest.model_validate(body)
        return submit.run(request, caller="bench", idempotency_key=key, body=body).message_id

    def _fan_out(self, body: str) -> None:
        FanOut(
            messages=self.messages,
            audience=self.audience,
            candidates=Candidates(audience=self.audience, catalogue=self.catalogue, windows=self.windows),
            batches=self.batches,
            windows=self.windows,
            deliveries=self.deliveries,
            queues=self.queues,
            clock=self.clock,
            stale_after=PACE.stale_after,
        ).run(read_fan_out_body(body), time_left=lambda: 240.0)

    def _deliver(self, bodies: list[str]) -> None:
        Deliver(
            channel=self.channel,
            batches=self.batches,
            messages=self.messages,
            audience=self.audience,
            catalogue=self.catalogue,
            deliveries=self.deliveries,
            inboxes=Inboxes(self.table("inbox"), clock=self.clock, retention=timedelta(days=30)),
            digests=DigestContents(deliveries=self.deliveries, messages=self.messages),
            renderer=self.renderer,
            clock=self.clock,
            pace=PACE,
            links=Links("https://example.com", keys=lambda: {"k1": "a key for the bench alone"}),
        ).run([read_job_body(body) for body in bodies], owner="bench", time_left=lambda: 60.0)
        self.events.flush()
