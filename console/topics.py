"""Pages of topics: the list, one topic with its latest messages, and its subscribers."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template, request

from .api import InternalApi
from .exports import csv_file
from .host import Host
from .messages.pages import counted

A_PAGE: Final = 50
RECENT: Final = 10
COLUMNS: Final = ("id", "title", "category", "channels", "required", "public", "limit.count", "limit.per_seconds")
SUBSCRIBERS: Final = ("user_id", "channel", "state", "at", "by")


def pages(api: InternalApi, _: Host) -> Blueprint:
    """The pages."""
    part = Blueprint("topics", __name__, url_prefix="/topics")

    @part.get("")
    def index() -> str:
        found = api.get("topics", limit=A_PAGE, cursor=request.args.get("cursor"))
        return render_template("topics.html", items=found["items"], next_cursor=found["next_cursor"])

    @part.get("/-/export.csv")
    def export() -> Response:
        return csv_file("topics", COLUMNS, api.every("topics"))

    @part.get("/<topic_id>")
    def one(topic_id: str) -> str:
        topic = api.get("topics", topic_id)
        recent = counted(api, api.get("messages", topic=topic_id, limit=RECENT)["items"])
        counts = api.get("topics", topic_id, "counts")
        return render_template("topic.html", topic=topic, recent=recent, counts=counts)

    @part.get("/<topic_id>/subscribers")
    def subscribers(topic_id: str) -> str:
        asked = {name: request.args.get(name, "") for name in ("channel", "state", "cursor")}
        found = api.get("topics", topic_id, "subscriptions", **asked, limit=A_PAGE)
        return render_template(
            "subscribers.html",
            topic=api.get("topics", topic_id),
            asked=asked,
            items=found["items"],
            next_cursor=found["next_cursor"],
        )

    @part.get("/<topic_id>/subscribers.csv")
    def export_subscribers(topic_id: str) -> Response:
        asked = {name: request.args.get(name, "") for name in ("channel", "state")}
        items = api.every("topics", topic_id, "subscriptions", **asked)
        return csv_file(f"subscribers-{topic_id}", SUBSCRIBERS, items)

    return part
