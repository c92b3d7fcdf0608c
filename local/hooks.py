"""The endpoints that webhooks are sent to.

POST /hooks/<anything>       taken, and kept in the outbox
POST /hooks/status/<code>    answered with that status; kept if the status says that it was taken
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from .http import Answer, Request, problem
from .outbox import Mail, Outbox
from .simulator import Simulator

PREFIX: Final = "/hooks/"
STATUS: Final = re.compile(r"/hooks/status/([2-5]\d\d)")


class Hooks:
    """Keeps what it takes, with the headers that it came with: whoever looks may check the signature."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator) -> None:
        self.outbox = outbox
        self.simulator = simulator

    def handle(self, request: Request) -> Answer:
        if request.method != "POST":
            return problem(405, "Webhooks are posted.")
        if self.simulator.is_down("webhook"):
            return problem(503, "The simulator was told to be down.")
        told = STATUS.fullmatch(request.path)
        status = int(told[1]) if told else 200
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
