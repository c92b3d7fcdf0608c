"""The way of a message in one thread: real handlers, fed by hand from the queues of moto."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fanfare.domain.audience import Subscription
from fanfare.domain.catalogue import Topic
from fanfare.domain.message import Message
from fanfare.insight.deliveries import ALL
from fanfare.runtime import clients, stores
from fanfare.runtime.channels import channel
from fanfare.runtime.use_cases import internal_api
from fanfare.schemas.messages import SubmitRequest
from fanfare.schemas.operations import DeliveryView

from tests.integration.conftest import Aws, Clock
from tests.integration.provider import Ses

TEMPLATE = {
    "channels": {
        "email": {
            "subject": "Order {{ data.order }} has left",
            "html": "<p>Dear {{ user.name }}, order <b>{{ data.order }}</b> has left.</p>",
            "text": "Dear {{ user.name }}, order {{ data.order }} has left.",
        }
    },
    "example": {"order": "A-17"},
}
TOPIC = "orders.shipped"


@dataclass
class Context:
    """What Lambda hands to a handler."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id: str = "request-1"
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def _without_delay(params: dict[str, Any], **_: object) -> None:
    """Delays of a queue pass in real time in moto: tests don't wait for them."""
    for entry in params["Entries"]:
        entry["DelaySeconds"] = 0


@dataclass
class Pipeline:
    aws: Aws
    clock: Clock
    ses: Ses
    invocations: int = 0
    receives: dict[str, int] = field(default_factory=dict)
    max_receives: int = 3

    @classmethod
    def opened(cls, aws: Aws, clock: Clock, ses: Ses, *, delays: bool = True) -> Pipeline:
        """With `ses` as the provider of the worker. `delays`: False if what is queued can be received at once."""
        ses.install(channel().client)  # type: ignore[attr-defined]
        if not delays:
            clients.queues().client.meta.events.register("provide-client-params.sqs.SendMessageBatch", _without_delay)
        return cls(aws, clock, ses)

    # What services and users do

    def topic(self, **settings: Any) -> None:
        defaults = {
            "title": "Orders",
            "created_at": "2027-01-01T00:00:00.000Z",
            "updated_at": "2027-01-01T00:00:00.000Z",
        }
        stores.catalogue().put_topic(Topic(id=TOPIC, **defaults | settings))
        stores.catalogue().add_version("order-shipped", TEMPLATE, created_at="2027-01-01T00:00:00.000Z")

    def subscribers(self, count: int, *, shards: int = 1, start: int = 0, **profile: Any) -> list[str]:
        users = [f"user-{number:04d}" for number in range(start, start + count)]
        for user in users:
            stores.audience().users.put(user, {"name": user.title(), "email": f"{user}@example.com"} | profile)
        yeses = [Subscription(user_id=user, topic=TOPIC, channel="email", created_at="2027-01-01") for user in users]
        stores.audience().subscriptions.add_many(yeses, shards=shards)
        return users

    def post(self, key: str | None = None, **fields: Any) -> str:
        body = {"topic": TOPIC, "template": {"id": "order-shipped"}, "data": {"order": "A-17"}} | fields
        accepted = internal_api.submit().run(
            SubmitRequest.model_validate(body),
            caller="arn:aws:iam::123456789012:user/shop",
            idempotency_key=key,
            body=body,
        )
        return accepted.message_id

    def cancel(self, message_id: str) -> dict[str, Any]:
        return internal_api.cancel().run(message_id)

    def redrive(self, message_id: str) -> Message:
        return internal_api.redrive().run(message_id)

    # What AWS does

    def run(self, *, rounds: int = 50) -> None:
        """Feed the queues to the handlers until nothing is left in them."""
        for _ in range(rounds):
            if not any([self.step("fan_out"), self.step("email")]):
                return
        raise AssertionError("the queues never came to rest")

    def step(self, queue: str) -> int:
        """One invocation with what the queue has, as the event source mapping does it; returns the records."""
        records = self.receive(queue)
        if records:
            self.invoke(queue, records)
        return len(records)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        answer = self.aws.sqs.receive_message(
            QueueUrl=self.aws.queues[queue], MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=0
        )
        return [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
                "awsRegion": "eu-central-1",
            }
            for each in answer.get("Messages", [])
        ]

    def invoke(self, queue: str, records: list[dict[str, Any]]) -> None:
        self.invocations += 1
        module = importlib.import_module(f"functions.{'fan_out' if queue == 'fan_out' else 'deliver'}.handler")
        answer = module.handler({"Records": records}, Context(aws_request_id=f"request-{self.invocations}"))
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                self._remove(queue, record)
            else:
                self._count(queue, record)

    def _remove(self, queue: str, record: dict[str, Any]) -> None:
        self.aws.sqs.delete_message(QueueUrl=self.aws.queues[queue], ReceiptHandle=record["receiptHandle"])

    def _count(self, queue: str, record: dict[str, Any]) -> None:
        """The redrive policy: after `max_receives` failed deliveries the copy goes to the dead letters."""
        received = self.receives[record["messageId"]] = self.receives.get(record["messageId"], 0) + 1
        if received >= self.max_receives:
            self._remove(queue, record)
            self.aws.sqs.send_message(QueueUrl=self.aws.dead_letters[queue], MessageBody=record["body"])
        else:
            self.aws.sqs.change_message_visibility(
                QueueUrl=self.aws.queues[queue], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )

    def reconcile(self, **advance: float) -> dict[str, int]:
        """Let time pass, then the schedule fires."""
        self.clock.advance(**advance)
        module = importlib.import_module("functions.reconcile.handler")
        done: dict[str, int] = module.handler({}, Context())
        return done

    def settle(self, *, rounds: int = 40, minutes: float = 3) -> None:
        """Let time pass, and schedule and queues work, until nothing is open."""
        for _ in range(rounds):
            self.run()
            done = self.reconcile(minutes=minutes)
            if not done and not any(self.waiting(queue) for queue in self.aws.queues):
                return

    def waiting(self, queue: str) -> int:
        answer = self.aws.sqs.get_queue_attributes(QueueUrl=self.aws.queues[queue], AttributeNames=["All"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    # What a service sees

    def message(self, message_id: str) -> Message:
        message = stores.messages().get(message_id)
        assert message is not None
        return message

    def counts(self, message_id: str) -> dict[str, int]:
        return internal_api.messages().get(message_id).counts.model_dump()

    def listed(self, message_id: str) -> list[DeliveryView]:
        """The first of the message's deliveries, as the API lists them."""
        listed, _ = internal_api.deliveries().run(message_id, ALL, after=None, limit=10)
        return listed

    def states(self, message_id: str) -> list[str]:
        return [entry["state"] for entry in self.message(message_id).timeline]

    def delivery(self, user_id: str, message_id: str) -> Any:
        found = stores.deliveries().get_many([(user_id, message_id, "email")])
        return found.get((user_id, message_id, "email"), SimpleNamespace(status=None, reason=None))


def body_of(record: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(record["body"])
    return body
