"""A deployment in memory behind the client: the real internal API on tables in memory."""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl

import httpx2
from botocore.credentials import Credentials
from fanfare.aws.tables import TABLES
from fanfare.domain.audience import By
from fanfare.runtime import clients, settings, signing, stores
from fanfare.runtime.registry import opened
from fanfare_client import Fanfare

from functions.internal_api import handler as internal_api
from local.emulator.launch import handed_on
from testing.memory_aws.aws import Memory
from tests.integration.internal_api import CONTEXT, event

from .server import IMPATIENT, REGION, URL

ENVIRONMENT = {f"FANFARE_{table.name.upper()}_TABLE": table.name for table in TABLES} | {
    "FANFARE_ADDRESS_KEYS_ARN": "arn:of-a-test",
    "FANFARE_SENDER": "Fanfare <no-reply@example.com>",
    "POWERTOOLS_SERVICE_NAME": "fanfare",
}
GET_TOPIC = event("get_topic")
Before = Callable[[httpx2.Request], httpx2.Response | None]


class Deployment:
    """`before` may answer instead of it, or raise. `calls` counts by method and resource.

    `memory`: AWS as somebody else has left it.
    """

    def __init__(self, before: Before = lambda _: None, *, memory: Memory | None = None) -> None:
        self.before = before
        self.now = datetime(2027, 1, 1, 8, tzinfo=UTC)
        self.memory = memory or Memory(lambda: self.now, metered=False)
        self.calls: Counter[str] = Counter()
        self._opened: dict[Any, Any] = {}
        self._lock = threading.Lock()
        with self._inside():
            opened.put(settings.clock, lambda: self.now)
            opened.put(clients.dynamodb, self.memory.dynamodb)
            for purpose in signing.PURPOSES:
                opened.put(purpose.opened, lambda: {"k1": "a key for tests alone"})

    def client(self) -> Fanfare:
        http = httpx2.Client(transport=httpx2.MockTransport(self))
        return Fanfare(URL, region=REGION, credentials=Credentials("k", "s"), http=http, retries=IMPATIENT)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        with self._lock:
            _, _, rest = request.url.raw_path.decode().partition("?")[0].partition("/v1/")
            path = f"/v1/{rest}"
            self.calls[f"{request.method} {path.split('/')[2]}"] += 1
            answer = self.before(request)
            if answer is not None:
                return answer
            self.now += timedelta(milliseconds=1)
            with self._inside():
                found = internal_api.handler(_event(request, path), CONTEXT)  # type: ignore[arg-type]
        return httpx2.Response(found["statusCode"], headers=found["headers"], content=found["body"] or "")

    def unsubscribe(self, user: str, topic: str, channel: str, by: By) -> None:
        """As if the reader did it."""
        with self._inside():
            stores.audience().subscriptions.remove(user, topic, channel, by=by)

    def opt_out(self, user: str) -> None:
        with self._inside():
            stores.audience().users.opt_out(user, True)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        logging.disable(logging.CRITICAL)
        others, opened._opened = opened._opened, self._opened
        try:
            with mock.patch.dict("os.environ", ENVIRONMENT):
                yield
        finally:
            opened._opened = others
            logging.disable(logging.NOTSET)


def _event(request: httpx2.Request, path: str) -> dict[str, Any]:
    query: Mapping[str, str] = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
    http = GET_TOPIC["requestContext"]["http"] | {"method": request.method, "path": handed_on(path)}
    found = GET_TOPIC | {
        "rawPath": handed_on(path),
        "rawQueryString": request.url.query.decode(),
        "queryStringParameters": query or None,
        "headers": GET_TOPIC["headers"] | {"content-type": "application/json"},
        "requestContext": GET_TOPIC["requestContext"] | {"http": http},
    }
    return found | ({"body": request.content.decode(), "isBase64Encoded": False} if request.content else {})


def told(summary: Any) -> dict[str, Any]:
    """The summary without what is empty."""
    return {name: value for name, value in json.loads(json.dumps(vars(summary))).items() if value}
