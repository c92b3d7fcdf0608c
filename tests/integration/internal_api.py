"""Calls the internal API's real handler with events as API Gateway makes them."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode

from functions.internal_api import handler as internal_api
from local.emulator.launch import handed_on

EVENTS: Final = Path(__file__).parents[2] / "events"
ORDERS: Final = "arn:aws:sts::123456789012:assumed-role/orders/orders-7f3"

CONTEXT: Final = SimpleNamespace(
    function_name="internal-api",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:internal-api",
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
    get_remaining_time_in_millis=lambda: 30_000,
)


@dataclass(frozen=True)
class Answer:
    """What the caller sees."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def pointers(self) -> list[str]:
        """Where a problem's errors are."""
        return [error["pointer"] for error in self.body["errors"]]


def event(name: str) -> dict[str, Any]:
    """An event of the folder `events`."""
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def deliver(sent: Mapping[str, Any]) -> Answer:
    """What the handler answers to an event."""
    answer = internal_api.handler(copy.deepcopy(dict(sent)), CONTEXT)  # type: ignore[arg-type]
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Answer(answer["statusCode"], headers, answer["body"] or "")


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    raw: str | bytes | None = None,
    content_type: str | None = "application/json",
    headers: Mapping[str, str] | None = None,
    caller: str = ORDERS,
    **query: Any,
) -> Answer:
    """One call; `raw` is a body that is sent as it is, `query` the parameters."""
    sent = event("get_topic")
    text = json.dumps(body, ensure_ascii=False) if body is not None else raw
    asked = {name: str(value) for name, value in query.items()}
    sent["requestContext"]["http"] |= {"method": method, "path": path}
    sent["requestContext"]["authorizer"]["iam"]["userArn"] = caller
    handed = handed_on(path)
    assert handed is not None, "the gateway answers 400 to this path"
    sent |= {"rawPath": handed, "rawQueryString": urlencode(asked), "queryStringParameters": asked or None}
    sent["headers"] |= headers or {}
    if text is not None:
        if content_type is not None:
            sent["headers"]["content-type"] = content_type
        binary = isinstance(text, bytes)
        sent["body"] = base64.b64encode(text).decode() if isinstance(text, bytes) else text
        sent["isBase64Encoded"] = binary
    return deliver(sent)
