"""The part of Fanfare that an import talks to, with the service's own rules of what a user and an address are."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx2
from fanfare.channels import CHANNELS
from fanfare.errors import Invalid
from fanfare.schemas.errors import faults, item_error
from fanfare.schemas.users import UserItem
from pydantic import ValidationError

from .server import ok, problem


class Audience:
    """Remembers who was stored; `before` may answer instead of it, or raise."""

    def __init__(self, before: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None) -> None:
        self.before = before
        self.users: dict[str, Any] = {}
        self.suppressed: set[tuple[str, str]] = set()
        self.subscribed: set[tuple[str, str, str]] = set()
        self.stored: Counter[str] = Counter()
        self.calls = 0
        self.order: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        with self._lock:
            self.calls += 1
            return self.before(request) or self._answer(request)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        parts = [unquote(part) for part in request.url.raw_path.decode().partition("/v1/")[2].split("/")]
        match [request.method, *parts]:
            case ["POST", "users"]:
                return ok(
                    {"items": [self._put(n, item) for n, item in enumerate(json.loads(request.content)["items"])]}
                )
            case ["PUT", "suppressions", channel, address]:
                return self._suppress(channel, address)
            case ["GET", "topics", topic]:
                return ok({"id": topic, "channels": ["email", "push"]})
            case ["POST", "topics", topic, "subscriptions"]:
                items = json.loads(request.content)["items"]
                self.subscribed |= {(item["user_id"], topic, item["channel"]) for item in items}
                return ok({"items": [{**item, "status": 201, "error": None} for item in items]})
        raise AssertionError(f"{request.method} {request.url}")

    def _put(self, place: int, item: Any) -> dict[str, Any]:
        try:
            user = UserItem.model_validate(item)
        except ValidationError as error:
            refused = Invalid("Invalid user.", errors=faults(error.errors(), at=f"/items/{place}"))
            return {"id": item.get("id"), "status": 422, "error": item_error(refused)}
        self.users[user.id] = user.profile()
        self.stored[user.id] += 1
        self.order.append(user.id)
        return {"id": user.id, "status": 201, "error": None}

    def _suppress(self, channel: str, address: str) -> httpx2.Response:
        known = CHANNELS[channel].normalised(address)
        if known is None:
            fault = {"pointer": "{address}", "code": "invalid_address", "detail": "Invalid address for this channel."}
            return problem(422, "invalid_request", errors=[fault])
        self.suppressed.add((channel, known))
        self.order.append(known)
        return ok(
            {"channel": channel, "address": known, "cause": "opt_out", "created_at": "2027-01-01T00:00:00.000Z"}, 201
        )
