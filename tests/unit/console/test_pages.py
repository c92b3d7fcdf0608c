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


def page(path: str, **counts: int) -> str:
    """A page of the message m-1, which is `sent`."""
    message = {
        "id": "m-1",
        "state": "sent",
        "topic": "orders",
        "template": None,
        "channels": ["email"],
        "created_at": "2027-01-01T08:00:00.000Z",
        "timeline": [],
        "send_at": None,
        "summary": "Hello",
        "counts": {**COUNTS, **counts},
        "receipts": dict.fromkeys(OUTCOMES, 0),
    }

    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        return Answered(message)

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
    message = {"counts": {**COUNTS, "recipients": recipients}}
    assert seconds_between_looks(message, 1) == seconds
    assert seconds_between_looks(message, 2) == max(2, seconds)
