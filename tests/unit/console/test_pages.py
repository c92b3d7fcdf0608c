"""What the pages show of what the internal API answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from console.api import Reply
from console.app import make
from console.messages.progress import seconds_between_looks
from console.words import OUTCOMES

COUNTS = {"recipients": 2, "sent": 2, "failed": 0, "skipped": 0, "deleted": 0, "outstanding": 0}


@dataclass(frozen=True)
class Answered:
    body: Any
    status: int = 200

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode()


def message(**counts: int) -> dict[str, Any]:
    """The message m-1, which is `sent`."""
    return {
        "id": "m-1",
        "state": "sent",
        "topic": "orders",
        "template": None,
        "channels": ["email"],
        "priority": "normal",
        "on_doubt": "resend",
        "created_at": "2027-01-01T08:00:00.000Z",
        "timeline": [],
        "send_at": None,
        "expires_at": None,
        "summary": "Hello",
        "counts": {**COUNTS, **counts},
        "receipts": dict.fromkeys(OUTCOMES, 0),
    }


def page(path: str, **counts: int) -> str:
    """A page of the message m-1."""
    shown = message(**counts)

    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        return Answered(shown)

    client = make(call, stage="dev").test_client()
    return client.get(path, base_url="http://localhost").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/messages/m-1/row", "/messages/m-1/live"])
def test_a_message_that_reached_nobody_is_not_shown_as_a_success(path: str) -> None:
    for counts in ({"sent": 0, "skipped": 2}, {"sent": 0, "recipients": 0}):
        shown = page(path, **counts)
        assert ">reached no one</span>" in shown
        assert "badge good" not in shown
    assert '<span class="badge good" title="The providers accepted 1 recipient.">sent</span>' in page(
        path, sent=1, skipped=1
    )


@pytest.mark.parametrize(
    ("recipients", "seconds"), [(0, 1), (10_000, 1), (10_001, 5), (100_001, 10), (1_000_000, 10), (1_000_001, 30)]
)
def test_a_large_message_is_looked_at_less_often(recipients: int, seconds: int) -> None:
    large = {"counts": {**COUNTS, "recipients": recipients}}
    assert seconds_between_looks(large, 1) == seconds
    assert seconds_between_looks(large, 2) == max(2, seconds)


def test_the_page_of_a_message_asks_as_much_of_the_api_whatever_its_size() -> None:
    asked: list[str] = []

    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        asked.append(url.partition("?")[0])
        if "/deliveries" in url:
            item = {"user_id": "ada", "channel": "email", "status": "skipped", "reason": "no_address", "attempts": 0}
            item |= {"receipt": None, "updated_at": None, "provider_id": None}
            return Answered({"items": [item] * 100, "next_cursor": "more"})
        return Answered(large)

    large = message(recipients=100_000, sent=60_000, skipped=40_000)
    client = make(call, stage="dev").test_client()
    assert client.get("/messages/m-1", base_url="http://localhost").status_code == 200
    assert asked == ["/v1/messages/m-1", "/v1/messages/m-1/deliveries"]
    asked.clear()
    reasons = client.get("/messages/m-1/reasons", base_url="http://localhost").get_data(as_text=True)
    assert "only the first 500 recipients are grouped" in " ".join(reasons.split())
    assert len(asked) == 10
