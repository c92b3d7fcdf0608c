"""The functions as Lambda runs them: the real handlers, on the clients and the clock of a world."""

from __future__ import annotations

import importlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aws_lambda_powertools import Metrics
from botocore.exceptions import BotoCoreError, ClientError
from fanfare.aws.queues import QueueRefused
from fanfare.channels import CHANNELS, Channel, Webhook, webhook
from fanfare.channels.base import Opening
from fanfare.errors import ConditionFailed, FanfareError
from fanfare.pipeline.cancel import Cancel
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.deliver.consequences import Tell
from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.reconcile import Reconcile
from fanfare.pipeline.redrive import Redrive
from fanfare.pipeline.submit import Submit
from fanfare.runtime import channels, clients, renderer, settings, signing, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import RuntimeSettings
from fanfare.runtime.use_cases import deliver, fan_out, internal_api, reconcile
from fanfare.store.inbox import Inboxes
from fanfare.store.receipts import ReportedReceipts
from fanfare.templates.renderer import Renderer

from testing.memory_aws.digests import digest
from tests.faults.times import LIMITS, PACE

if TYPE_CHECKING:
    from tests.faults.world import World

T = TypeVar("T")

AWS_FAILURES = (ClientError, BotoCoreError, FanfareError, ConditionFailed, QueueRefused)
KEYS = {"k1": "a key for tests alone"}
PUBLIC_ADDRESS = "93.184.216.34"
APPLICATIONS = {"FANFARE_PUSH_FCM_APPLICATION_ARN": "arn:aws:sns:eu-central-1:123456789012:app/GCM/fanfare"}
SENDER = {"FANFARE_SENDER": "no-reply@example.com"}
STAGE = {"FANFARE_STAGE": "test"}
SETTINGS = RuntimeSettings(
    stale_after=PACE.stale_after,
    backoff=PACE.backoff,
    max_attempts=PACE.max_attempts,
    doubt_grace=PACE.doubt_grace,
    lease=PACE.lease,
    retention=timedelta(days=30),
)
SLEEPERS: Mapping[str, Callable[[], Any]] = {"fan_out": fan_out.fan_out, "deliver": deliver.deliver}
_STARTING = threading.RLock()  # what is opened is known to the process: two actors may start at once


class Unanswered(Exception):
    """A service's request was answered with an error of ours: it tries again."""


@dataclass(frozen=True)
class Context:
    """What Lambda hands to a handler."""

    function_name: str
    aws_request_id: str
    seconds_left: Callable[[], float]
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:fanfare"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds_left() * 1000)


class Functions:
    """Every invocation is a cold start: nothing is known but what is in the tables."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.limits = dict(LIMITS)  # seconds, by function
        self.tell_endpoint: Tell | None = None

    # Use cases, as the runtime builds them

    def fan_out(self) -> FanOut:
        return self._built("fan_out", fan_out.fan_out)

    def deliver(self, channel: str = "email") -> Deliver:
        return self._built("deliver", deliver.deliver, channel)

    def reconcile(self) -> Reconcile:
        return self._built("reconcile", reconcile.reconcile)

    def submit(self) -> Submit:
        return self._built("internal_api", internal_api.submit)

    def cancel(self) -> Cancel:
        return self._built("internal_api", internal_api.cancel)

    def redrive(self) -> Redrive:
        return self._built("internal_api", internal_api.redrive)

    def _built(self, function: str, use_case: Callable[[], T], channel: str = "email") -> T:
        with _STARTING:
            self._start(function, channel)
            return use_case()

    def _start(self, function: str, channel: str) -> None:
        """Have the runtime open everything anew: on the world's AWS, by its clock."""
        world = self.world
        opened.reset()
        opened.put(settings.clock, world.clock)
        opened.put(settings.settings, SETTINGS)
        for keys in signing.PURPOSES:
            opened.put(keys.opened, lambda: KEYS)
        opened.put(clients.dynamodb, world.dynamodb)
        opened.put(clients.queues, world.queues)
        opened.put(stores.messages, world.messages)
        opened.put(stores.batches, world.batches)
        opened.put(stores.windows, world.windows)
        opened.put(stores.audience, world.audience)
        opened.put(stores.deliveries, world.deliveries)
        opened.put(stores.inboxes, Inboxes(world.table("inbox"), clock=world.clock, retention=SETTINGS.retention))
        opened.put(stores.reported_receipts, ReportedReceipts(world.table("batches")))
        opened.put(stores.catalogue, world.catalogue)
        opened.put(renderer.renderer, Renderer())
        if function == "deliver":
            opened.put(channels.channel, self._channel(channel))
            channels.channel().side_by_side = 1  # in one order, so that a schedule can be played again
        if use_case := SLEEPERS.get(function):
            opened.put(use_case, replace(use_case(), sleep=world.recall.sleep))
        if function == "deliver":
            opened.put(deliver.deliver, replace(deliver.deliver(), tell_endpoint=self.tell_endpoint))

    def _channel(self, name: str) -> Channel:
        world = self.world
        if name == "webhook":
            return Webhook(keys=lambda: KEYS, clock=world.clock, resolve=lambda _host, _port: [PUBLIC_ADDRESS])

        def no_inbox() -> Any:
            raise NotImplementedError("the fault world has no inbox")

        opening = Opening(
            environment=SENDER | APPLICATIONS,
            clock=world.clock,
            keys=lambda: KEYS,
            client=lambda _service: world.provider,
            notes=no_inbox,
        )
        return CHANNELS[name].open(opening)

    # Invocations

    def on_records(self, function: str, records: Sequence[Any], *, channel: str = "email") -> frozenset[str]:
        """An invocation with an event of SQS: the ids of the messages that come again."""
        event = {"Records": [_record(each) for each in records]}
        answer = self._invoke(function, event, channel=channel)
        ids = {each.id for each in records}
        failed = [each["itemIdentifier"] for each in (answer or {}).get("batchItemFailures") or ()]
        # An identifier that is none of the event's counts as a failure of all.
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        return frozenset(failed if ids.issuperset(failed) else ids)

    def on_schedule(self) -> None:
        """The minute's run of the reconciler."""
        self._invoke("reconcile", {"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler"})

    def on_request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """A service's request: status and body of the answer. Raises Unanswered for one that tells to try again."""
        answer = self._invoke("internal_api", _request(method, path, body, headers))
        status, told = answer["statusCode"], json.loads(answer["body"] or "{}")
        if status >= 500 or status == 429:
            if self.world.struck is None and self.world.memory.interpose == self.world.interpose:
                raise AssertionError(f"{method} {path} is answered with {status}: {told}")
            raise Unanswered(told)
        return status, told

    def _invoke(self, function: str, event: Any, *, channel: str = "email") -> Any:
        with self.world.limited(self.limits[function]):
            begun_by = function, channel, digest(event), self.world.now, self.world.seed
            return self.world.recall.invoke(begun_by, lambda: self._run(function, event, channel))

    def _run(self, function: str, event: Any, channel: str) -> Any:
        world = self.world
        with _STARTING:
            self._start(function, channel)
        context = Context(function, f"{function} at {world.now.isoformat()}", world.seconds_left)
        module = _module(function)
        with _surroundings(world, getattr(module, "metrics", None)):
            return module.handler(event, context)


@contextmanager
def _surroundings(world: World, metrics: Metrics | None) -> Iterator[None]:
    """The environment of a function; its webhooks go to the provider, its metrics nowhere."""
    before = webhook._connection
    webhook._connection = cast("Any", world.provider.connection)
    os.environ |= STAGE
    if metrics is not None:
        vars(metrics.provider)["flush_metrics"] = lambda **_: None
    try:
        yield
    finally:
        webhook._connection = before
        del os.environ["FANFARE_STAGE"]
        if metrics is not None:
            metrics.clear_metrics()
            del vars(metrics.provider)["flush_metrics"]


_MODULES: dict[str, ModuleType] = {}


def _module(function: str) -> ModuleType:
    if function not in _MODULES:
        _MODULES[function] = importlib.import_module(f"functions.{function}.handler")
    return _MODULES[function]


def _record(message: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event"""
    return {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.received)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
        "awsRegion": "eu-central-1",
    }


def _request(method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"content-type": "application/json"} if body is not None else {}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": content | named,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/service"}},
            "domainName": "api.example.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": ""},
            "requestId": "request",
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }
