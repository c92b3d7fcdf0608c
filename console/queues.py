"""Page of queue depths, dead letters, and messages that are failed or stale."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, render_template

from .api import InternalApi
from .exports import csv_file
from .host import Host

HELD_UP: Final = 10  # messages per state
COLUMNS: Final = ("queue", "waiting", "in_flight", "delayed", "dead_letters")


def pages(api: InternalApi, _: Host) -> Blueprint:
    """The page."""
    part = Blueprint("queues", __name__, url_prefix="/dead-letters")

    @part.get("")
    def index() -> str:
        held_up = {state: _messages(api, state) for state in ("failed", "stale")}
        return render_template("queues.html", queues=api.get("queues")["items"], held_up=held_up)

    @part.get("/depths")
    def depths() -> str:
        return render_template("queue_depths.html", queues=api.get("queues")["items"])

    @part.get("/-/export.csv")
    def export() -> Response:
        return csv_file("queues", COLUMNS, api.get("queues")["items"])

    return part


def _messages(api: InternalApi, state: str) -> list[dict[str, Any]]:
    items = api.get("messages", state=state, limit=HELD_UP)["items"]
    return [message for message in api.get_many(("messages", item["id"]) for item in items) if message]
