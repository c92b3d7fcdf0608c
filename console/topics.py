"""Pages of topics: the list, and one topic with its latest messages."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request

from .api import InternalApi

A_PAGE: Final = 50
RECENT: Final = 10


def pages(api: InternalApi) -> Blueprint:
    """The pages."""
    part = Blueprint("topics", __name__, url_prefix="/topics")

    @part.get("")
    def index() -> str:
        found = api.get("topics", limit=A_PAGE, cursor=request.args.get("cursor"))
        return render_template("topics.html", items=found["items"], next_cursor=found["next_cursor"])

    @part.get("/<topic_id>")
    def one(topic_id: str) -> str:
        recent = api.get("messages", topic=topic_id, limit=RECENT)["items"]
        return render_template("topic.html", topic=api.get("topics", topic_id), recent=recent)

    return part
