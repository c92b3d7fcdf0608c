"""Endpoints that receive webhooks.

POST /hooks/<anything>       accepted and stored in the outbox
POST /hooks/status/<code>    answered with that status; stored if the status is 2xx
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from local.http import Answer, Request, problem
from local.providers.outbox import Mail, Outbox
from local.providers.simulator import Simulator

PREFIX: Final = "/hooks/"
STATUS: Final = re.compile(r"/hooks/status/([2-5]\d\d)")


class WebhookReceiver:
    """Stores accepted webhooks with their headers, so that tests can verify the signature."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator) -> None:
        self.outbox = outbox
        self.simulator = simulator

    def handle(self, request: Request) -> Answer:
        if request.method != "POST":
            return problem(405, "Webhooks use POST.")
        if self.simulator.is_down("webhook"):
            return problem(503, "Simulated failure: the channel is switched off.")
        wanted = STATUS.fullmatch(request.path)
        status = int(wanted[1]) if wanted else 200
        if 200 <= status < 300:
            self.outbox.add(_mail(request))
        return Answer(status)


def _mail(request: Request) -> Mail:
    text = request.body.decode(errors="replace")
    said = _object(text)
    return Mail(
        channel="webhook",
        to=f"http://{request.headers['host']}{request.target}",
        provider_id=request.headers.get("webhook-id", ""),
        subject=said.get("title"),
        text=text,
        headers=request.headers,
        message_id=said.get("message_id"),
        user_id=said.get("user_id"),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
