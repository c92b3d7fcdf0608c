"""One run of the real handlers through nearly all that they do, and everything that it left outside of them."""

from __future__ import annotations

import contextlib
import copy
import io
import itertools
import json
import os
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from fanfare import wiring
from fanfare.channels import CHANNELS

from bench.null_aws import NullAws
from functions.deliver import handler as deliver
from functions.fan_out import handler as fan_out
from functions.reconcile import handler as reconcile
from functions.record_receipt import handler as record_receipt
from local.memory.aws import Memory, Store
from tests.frozen.shapes import Shapes
from tests.integration import internal_api, public_api
from tests.integration.conftest import ENVIRONMENT, standing_clock
from tests.integration.letters import Post
from tests.integration.pipeline import Context
from tests.integration.provider import Ses
from tests.integration.test_record_receipt import SAMPLE, reporting

USER = {
    "name": "Ada",
    "email": "ada@example.com",
    "phone": "+436641234567",
    "push": [{"platform": "android", "token": "t0ken"}],
    "webhook": {"url": "https://ada.example.com/hook"},
    "locale": "en",
    "time_zone": "Europe/Vienna",
    "quiet_hours": {"start": "22:00", "end": "07:00"},
}
TEMPLATE = {
    "channels": {
        "email": {"subject": "Order {{ data.order }}", "html": "<p>{{ user.name }}</p>", "text": "{{ user.name }}"},
        "sms": {"text": "Order {{ data.order }}"},
        "inbox": {"title": "Order {{ data.order }}", "body": "It has left"},
    },
    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }}"}}},
    "schema": {"type": "object", "properties": {"order": {"type": "string"}}},
    "example": {"order": "A-17"},
}
MAIL = {"topic": "orders", "template": {"id": "shipped"}, "data": {"order": "A-17"}, "channels": ["email"]}
MAX_RECEIVES = 3


class Life:
    """What the handlers wrote, queued, published and counted."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.clock = patch, standing_clock(patch)
        self.memory = Memory(self.clock, metered=False)
        self.aws = NullAws(self.memory)
        self.ses, self.post = Ses(), Post()
        self.items, self.bodies, self.published = Shapes(), Shapes(), Shapes()
        self.keys: dict[tuple[str, str, str], None] = {}  # table, pk, sk; in the order of the writes
        self.reasons: set[str] = set()
        self.details: list[tuple[str, Any]] = []  # detail type and detail of each event
        self.metrics: set[str] = set()
        self.numbers = itertools.count()
        self.my_webhook: Any = None  # as Ada is shown it
        self.preferences = ""  # the link on Ada's page to unsubscribe

    def install(self) -> None:
        """Have the handlers find this world."""
        queues = ("fan_out", *CHANNELS)
        tables = {f"FANFARE_{name.upper()}_TABLE": name for name in self.memory.dynamodb.stores}
        urls = {f"FANFARE_{name.upper()}_QUEUE_URL": name for name in queues}
        dead = {f"FANFARE_{name.upper()}_DEAD_LETTERS_URL": f"{name}-dead" for name in queues}
        bus = {"FANFARE_EVENT_BUS_NAME": "bus", "FANFARE_DELIVERY_EVENTS": "true", "FANFARE_SECRET_ARN": "arn:secret"}
        for name, value in (ENVIRONMENT | tables | urls | dead | bus).items():
            self.patch.setenv(name, value)
        self.patch.setattr(boto3, "client", self._client)
        self.patch.setattr("time.sleep", lambda _: None)
        self.patch.setattr(Store, "put", recording(Store.put, self._stored))
        wiring.forget()

    def _client(self, service: str, **_: object) -> Any:
        client = self.aws.client(service)
        self.ses.install(client)
        self.post.install(client, client)
        client.meta.events.register("before-call.sqs.SendMessageBatch", self._queued)
        client.meta.events.register("before-call.events.PutEvents", self._put_events)
        return client

    def _stored(self, table: str, item: Any) -> None:
        self.items.item(table, item)
        self.keys[table, item["pk"]["S"], item["sk"]["S"]] = None
        self.reasons.update(reasons_in(item))

    def _queued(self, params: dict[str, Any], **_: object) -> None:
        sent = json.loads(params["body"])
        queue = sent["QueueUrl"] if sent["QueueUrl"] == "fan_out" else "<channel>"
        for entry in sent["Entries"]:
            self.bodies.body(f"{queue}, entry", entry)
            self.bodies.body(f"{queue}, body", json.loads(entry["MessageBody"]))

    def _put_events(self, params: dict[str, Any], **_: object) -> Any:
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
            wiring.forget()
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
        life.counted(printed.getvalue())
    wiring.forget()


def lived() -> Life:
    """The whole run."""
    with opened() as life:
        _catalogue(life)
        _audience(life)
        _people(life)
        _messages(life)
        _handed_out(life)
        _troubles(life)
        _receipts(life)
        life.service("DELETE", "/v1/users/ada", status=204)
        life.service("DELETE", "/v1/templates/shipped", status=204)
        life.service("DELETE", "/v1/topics/orders", status=204)
    return life


def _catalogue(life: Life) -> None:
    topic = {"title": "Orders", "description": "Yours", "channels": ["email", "sms", "inbox"], "category": "orders"}
    limit = {"count": 30, "per_seconds": 3600, "overflow": "defer"}
    life.service("PUT", "/v1/topics/orders", topic | {"public": True, "limit": limit}, status=201)
    life.service("PUT", "/v1/topics/needed", {"title": "N", "channels": ["email"], "required": True}, status=201)
    life.service("PUT", "/v1/topics/many", {"title": "M", "channels": ["email"], "shards": 4}, status=201)
    once = {"count": 1, "per_seconds": 3600, "overflow": "drop"}
    life.service("PUT", "/v1/topics/rare", {"title": "R", "channels": ["email"], "limit": once}, status=201)
    for _ in range(2):
        life.service("PUT", "/v1/templates/shipped", TEMPLATE, status=201)
    plain = {"channels": {"email": {"subject": "Hello", "text": "Hello"}}}
    life.service("PUT", "/v1/templates/plain", plain, status=201)


def _audience(life: Life) -> None:
    life.service("PUT", "/v1/users/ada", USER | {"email": "old@example.com"}, status=201)
    life.service("PUT", "/v1/users/ada", USER, status=200)
    others = [{"id": f"user-{number}", "email": f"user-{number}@example.com"} for number in range(8)]
    life.service("POST", "/v1/users", {"items": [*others, {"id": "nowhere"}]}, status=200)
    for channel in ("email", "sms", "inbox"):
        life.service("PUT", f"/v1/users/ada/subscriptions/orders/{channel}", status=201)
    everybody = [{"user_id": each["id"], "channel": "email"} for each in (*others, {"id": "nowhere"})]
    for topic in ("orders", "many", "rare"):
        life.service("POST", f"/v1/topics/{topic}/subscriptions", {"items": everybody}, status=200)
    life.service("DELETE", "/v1/users/user-7/subscriptions/orders/email", status=204)
    life.service("PUT", "/v1/suppressions/email/user-6@example.com", {"cause": "manual"}, status=201)
    life.service("PUT", "/v1/suppressions/email/nobody@example.com", {"cause": "complaint"}, status=201)
    life.service("DELETE", "/v1/suppressions/email/nobody@example.com", status=204)


def _people(life: Life) -> None:
    asked = {"email": "grace@example.com", "topic": "orders"}
    life.person("POST", "/v1/subscriptions", asked, status=202, user=None)
    life.answered(public_api.browse(life.post.mails[-1].link, {}), 200)
    life.person("PATCH", "/v1/me", {"email": "ada@example.org"}, status=200)
    life.answered(public_api.browse(life.post.mails[-1].link, {}), 200)
    life.person("PATCH", "/v1/me", {"phone": "+436641234568"}, status=200)
    confirmation = {"channel": "sms", "code": life.post.code}
    wrong = confirmation | {"code": f"{(int(life.post.code) + 1) % 1_000_000:06d}"}
    life.person("POST", "/v1/me/confirmations", wrong, status=422)
    life.person("POST", "/v1/me/confirmations", confirmation, status=200)
    life.person("PATCH", "/v1/me", {"opted_out": True}, status=200, user="user-5")
    life.person("PUT", "/v1/me/subscriptions/orders/email", status=200, user="user-5")


def _messages(life: Life) -> None:
    life.message()
    life.settle(minutes=1)
    life.message(priority="critical", on_doubt="hold", topic="needed")
    life.message(topic="many", template={"id": "plain"}, data={})
    for _ in range(2):
        life.message(topic="rare", template={"id": "plain"}, data={})
    named = {
        "recipients": ["ada", "user-1", "unknown"],
        "channels": ["email"],
        "content": {"subject": "S", "text": "T"},
    }
    life.service("POST", "/v1/messages", named, status=202)
    life.settle(minutes=2)
    later = life.message(send_at="2027-01-01T10:00:00Z", expires_at="2027-01-02T10:00:00Z")
    life.service("DELETE", f"/v1/messages/{later}", status=200)
    life.message(send_at="2027-01-01T09:00:00Z")
    note = life.message(channels=["inbox", "sms"])
    life.settle(minutes=2)
    life.person("POST", f"/v1/me/inbox/{note}/read", status=200)
    life.clock.now = life.clock.now.replace(hour=22)
    life.message()  # Ada is asleep
    life.message(expires_at="2027-01-01T22:10:00Z")
    life.settle(minutes=2)
    life.clock.now = life.clock.now.replace(day=2, hour=9)
    life.settle(minutes=5)


def _handed_out(life: Life) -> None:
    life.my_webhook = life.person("GET", "/v1/me/webhook", status=200)
    mail = next(each for each in life.ses.outbox if each.tags["user_id"] == "YWRh")
    page = life.answered(public_api.browse(mail.headers["List-Unsubscribe"].strip("<>")), 200)
    (life.preferences,) = set(re.findall(r'href="([^"]*/v1/preferences/[^"]+)"', page))


def _troubles(life: Life) -> None:
    life.message()  # its fan-out job is lost, then its batch, and then the provider is down for a while
    life.lose("fan_out")
    life.reconcile(minutes=3)
    life.step("fan_out")
    life.lose("email")
    life.reconcile(minutes=3)
    life.ses.down = 4
    life.settle(minutes=15)

    life.message()  # its batch becomes a dead letter, and again once it is settled
    life.step("fan_out")
    (body,) = life.lose("email")
    for _ in range(2):
        life.memory.sqs.put("email-dead", body)
        life.settle(minutes=4)

    life.ses.lose_answers = 1
    held = life.message(on_doubt="hold")
    life.settle(minutes=10)
    life.service("POST", f"/v1/messages/{held}/redrives", status=202)
    life.ses.lose_answers = 1
    life.message()
    life.settle(minutes=10)

    deleted = life.message()
    life.step("fan_out")
    life.service("DELETE", f"/v1/messages/{deleted}", status=200)
    life.message()
    life.step("fan_out")
    life.service("DELETE", "/v1/users/user-4", status=204)  # all this before the batch is sent
    life.service("PUT", "/v1/suppressions/email/user-3@example.com", {"cause": "bounce"}, status=201)
    life.service("DELETE", "/v1/users/user-2/subscriptions/orders/email", status=204)
    life.person("PATCH", "/v1/me", {"opted_out": True}, status=200, user="user-1")
    life.settle(minutes=5)

    life.message(expires_at=f"{life.clock.now:%Y-%m-%dT%H}:59:00Z")
    life.step("fan_out")
    life.clock.advance(hours=1)
    life.ses.entry_status = {"user-0@example.com": ["MESSAGE_REJECTED"]}
    life.message()
    life.settle(minutes=5)


def _receipts(life: Life) -> None:
    for event in (
        reporting("Delivery"),
        reporting("DeliveryDelay"),
        reporting("Bounce", bounce="Transient", address_no=2),
        reporting("Bounce", address_no=2),
        reporting("Complaint"),
    ):
        life.reported(event)
    unread = copy.deepcopy(SAMPLE)
    unread["Records"][0]["body"] = "not JSON"
    life.reported(unread)
