"""One run of the real handlers through nearly all that they do, and everything that it left outside of them."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fanfare.channels import CHANNELS
from fanfare.runtime import signing
from fanfare.runtime.registry import opened as runtime
from fanfare.store.audience import profiles

from bench.harness.null_aws import NullAws
from functions.deliver import handler as deliver
from functions.fan_out import handler as fan_out
from functions.reconcile import handler as reconcile
from functions.record_receipt import handler as record_receipt
from testing.memory_aws.aws import Memory
from testing.memory_aws.table import Store
from tests.frozen.shapes import Shapes
from tests.integration import internal_api, public_api
from tests.integration.conftest import ENVIRONMENT, Clock, begin_anew
from tests.integration.letters import Post
from tests.integration.pipeline import Context
from tests.integration.provider import Ses

MAIL = {"topic": "orders", "template": {"id": "shipped"}, "data": {"order": "A-17"}, "channels": ["email"]}
MAX_RECEIVES = 3


class Seen:
    """What the handlers wrote, queued, published and counted."""

    def __init__(self) -> None:
        self.items, self.bodies, self.published = Shapes(), Shapes(), Shapes()
        self.keys: dict[tuple[str, str, str], None] = {}  # table, pk, sk; in the order of the writes
        self.reasons: set[str] = set()
        self.details: list[tuple[str, Any]] = []  # detail type and detail of each event
        self.metrics: set[str] = set()

    def stored(self, table: str, item: Any) -> None:
        """Note an item."""
        self.items.item(table, item)
        self.keys[table, item["pk"]["S"], item["sk"]["S"]] = None
        self.reasons.update(reasons_in(item))

    def queued(self, params: dict[str, Any], **_: object) -> None:
        """Note what goes to a queue."""
        sent = json.loads(params["body"])
        queue = sent["QueueUrl"] if sent["QueueUrl"] == "fan_out" else "<channel>"
        for entry in sent["Entries"]:
            self.bodies.body(f"{queue}, entry", entry)
            self.bodies.body(f"{queue}, body", json.loads(entry["MessageBody"]))

    def put_events(self, params: dict[str, Any], **_: object) -> Any:
        """Note what is published, and answer in the place of the bus."""
        for entry in json.loads(params["body"])["Entries"]:
            self.published.body(f"{entry['Source']}: {entry['DetailType']}, entry", entry)
            self.published.body(f"{entry['Source']}: {entry['DetailType']}, detail", json.loads(entry["Detail"]))
            self.details.append((entry["DetailType"], json.loads(entry["Detail"])))
        return SimpleNamespace(status_code=200), {"FailedEntryCount": 0, "Entries": []}

    def counted(self, printed: str) -> None:
        """Note the metrics in the log lines (EMF)."""
        for line in printed.splitlines():
            for directive in (
                (json.loads(line) if line.startswith("{") else {}).get("_aws", {}).get("CloudWatchMetrics", ())
            ):
                for metric in directive["Metrics"]:
                    for dimensions in directive["Dimensions"]:
                        told = f"{directive['Namespace']} {metric['Name']} {metric['Unit']}"
                        self.metrics.add(f"{told} by {', '.join(sorted(dimensions))}")


class Life:
    """The handlers, and what stands for AWS and for those who call."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.clock = patch, Clock()
        self.memory = Memory(self.clock, metered=False)
        self.aws = NullAws(self.memory)
        self.ses, self.post = Ses(), Post()
        self.seen = Seen()
        self.session = SimpleNamespace(create_client=self._client)
        self.numbers = itertools.count()
        self.my_webhook: Any = None  # as Ada is shown it
        self.preferences = ""  # the link that is mailed to Ada
        self.stop = ""  # the link of that mail which stops such mails

    def install(self) -> None:
        """Have the handlers find this world."""
        queues = ("fan_out", *CHANNELS)
        tables = {f"FANFARE_{name.upper()}_TABLE": name for name in self.memory.tables.stores}
        urls = {f"FANFARE_{name.upper()}_QUEUE_URL": name for name in queues}
        dead = {f"FANFARE_{name.upper()}_DEAD_LETTERS_URL": f"{name}-dead" for name in queues}
        bus = {"FANFARE_EVENT_BUS_NAME": "bus", "FANFARE_DELIVERY_EVENTS": "true"}
        secrets = {keys.variable: f"arn:{keys.variable}" for keys in signing.PURPOSES}
        for name, value in (ENVIRONMENT | tables | urls | dead | bus | secrets).items():
            self.patch.setenv(name, value)
        self.patch.setattr("time.sleep", lambda _: None)
        self.patch.setattr(profiles, "new_generation", lambda: "0123456789ab")
        self.patch.setattr(Store, "put", recording(Store.put, self.seen.stored))
        begin_anew(self.clock, self.session)

    def _client(self, service: str, **_: object) -> Any:
        client = self.aws.client(service)
        self.ses.install(client)
        self.post.install(client, client)
        client.meta.events.register("before-call.sqs.SendMessageBatch", self.seen.queued)
        client.meta.events.register("before-call.events.PutEvents", self.seen.put_events)
        return client

    # Who calls

    def service(self, method: str, path: str, body: Any = None, *, status: int, **more: Any) -> Any:
        """A call of the internal API."""
        return self.answered(internal_api.call(method, path, body, **more), status)

    def person(self, method: str, path: str, body: Any = None, *, status: int, **more: Any) -> Any:
        """A call of the public API."""
        return self.answered(public_api.call(method, path, body, **more), status)

    def answered(self, answer: internal_api.Answer, status: int) -> Any:
        """What the answer has, which has to be of this status."""
        assert answer.status == status, answer.text
        return json.loads(answer.text) if "json" in answer.headers.get("content-type", "") else answer.text

    def message(self, **fields: Any) -> str:
        """Post a message with a key of its own; its id."""
        key = {"idempotency-key": f"key-{next(self.numbers)}"}
        found: str = self.service("POST", "/v1/messages", MAIL | fields, status=202, headers=key)["id"]
        return found

    # What AWS does

    def step(self, queue: str) -> bool:
        """One invocation with what the queue has; whether it had anything."""
        records = self.memory.sqs.take(queue, 10, visibility=360)
        for record in [each for each in records if each.received > MAX_RECEIVES]:
            self.memory.sqs.remove(queue, record.handle)
            self.memory.sqs.put(f"{queue}-dead", record.body)
        live = {f"record-{each.handle}": each for each in records if each.received <= MAX_RECEIVES}
        if live:
            event = {"Records": [_record(name, each.handle, each.body) for name, each in live.items()]}
            answer = self._worker(queue)(event, Context(aws_request_id=f"request-{next(self.numbers)}"))
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            for name in live.keys() - failed:
                self.memory.sqs.remove(queue, live[name].handle)
        return bool(records)

    def _worker(self, queue: str) -> Any:
        if queue == "fan_out":
            return fan_out.handler
        if os.environ["FANFARE_CHANNEL"] != queue:
            self.patch.setenv("FANFARE_CHANNEL", queue)
            begin_anew(self.clock, self.session)
        return deliver.handler

    def lose(self, queue: str) -> list[str]:
        """All that waits in the queue is gone; what it was."""
        waiting = self.memory.sqs.take(queue, 10, visibility=360)
        for each in waiting:
            self.memory.sqs.remove(queue, each.handle)
        return [each.body for each in waiting]

    def settle(self, *, minutes: int) -> None:
        """Let functions work and time pass."""
        for _ in range(minutes):
            while any(self.step(queue) for queue in ("fan_out", "email", "sms", "inbox")):
                pass
            self.reconcile(minutes=1)

    def reconcile(self, *, minutes: float) -> None:
        """The schedule fires, so much later."""
        self.clock.advance(minutes=minutes)
        reconcile.handler({}, Context())

    def reported(self, event: dict[str, Any]) -> None:
        """What a provider reports."""
        record_receipt.handler(event, Context())


def recording(put: Any, note: Any) -> Any:
    """A table's `put` that notes what it stores."""

    def noted(store: Store, item: Any) -> None:
        note(store.table.name, item)
        put(store, item)

    return noted


def _record(name: str, handle: str, body: str) -> dict[str, Any]:
    return {
        "messageId": name,
        "receiptHandle": handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
        "awsRegion": "eu-central-1",
    }


def reasons_in(item: dict[str, Any]) -> Iterator[str]:
    """The reason codes that an item has."""
    if "reason" in item and "S" in item["reason"]:
        yield item["reason"]["S"]
    for entry in item.get("timeline", {"L": []})["L"]:
        if "reason" in entry["M"]:
            yield entry["M"]["reason"]["S"]
    for skip in item.get("skips", {"L": []})["L"]:
        yield skip["L"][2]["S"]


@contextlib.contextmanager
def opened() -> Iterator[Life]:
    """A world in which nothing has happened yet."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        life = Life(patch)
        life.install()
        yield life
        life.seen.counted(printed.getvalue())
    runtime.reset()
