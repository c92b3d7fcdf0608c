"""A shell in which `fanfare …` is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fanfare_client.cli.app import app
from typer.testing import CliRunner, Result

from .server import Given, Scripted

SECRET = "the-secret-of-the-service"
MESSAGE: dict[str, Any] = {
    "id": "m-1",
    "state": "sent",
    "topic": "orders",
    "template": None,
    "summary": "Your order is on its way",
    "outcome": "reached",
    "timeline": [{"state": "pending", "at": "2027-01-01T08:00:00.000Z", "reason": None}],
    "counts": {"recipients": 3, "sent": 2, "failed": 0, "skipped": 1, "deleted": 0, "digested": 0, "outstanding": 0},
    "receipts": {"delivered": 1, "bounced": 0, "bounced_soft": 0, "complained": 0, "rejected": 0, "no_word": 1},
}


class Shell:
    """Types `fanfare …` at a Fanfare that answers as it is told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.server = Scripted([])
        self.handler: Any = self.server
        http = httpx2.Client
        monkeypatch.setattr(
            httpx2,
            "Client",
            lambda **_: http(transport=httpx2.MockTransport(self.handler)),
        )

    def answers(self, *answers: Given) -> None:
        self.server.answers[:] = answers

    def __call__(self, *words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)

    @property
    def asked(self) -> httpx2.Request:
        return self.server.asked[-1]

    @property
    def body(self) -> Any:
        return json.loads(self.asked.content)
