"""Pages of topics: the list, one topic with its latest messages, and its subscribers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, render_template, request

from .api import InternalApi, Refused
from .exports import csv_file
from .host import Host
from .messages.pages import counted

A_PAGE: Final = 50
PEOPLE: Final = 25  # each is a call
RECENT: Final = 10
COLUMNS: Final = ("id", "title", "category", "channels", "required", "public", "limit.count", "limit.per_seconds")
STATES: Final = ("subscribed", "unsubscribed", "any")
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
        query = {**_query(_asked()), "cursor": request.args.get("cursor"), "limit": PEOPLE}
        found = api.get("topics", topic_id, "subscriptions", **query)
        return render_template(
            "subscribers.html",
            topic=api.get("topics", topic_id),
            asked=_asked(),
            states=STATES,
            items=found["items"],
            people=named(api, (each["user_id"] for each in found["items"])),
            next_cursor=found["next_cursor"],
        )

    @part.get("/<topic_id>/subscribers.csv")
    def export_subscribers(topic_id: str) -> Response:
        found = api.every("topics", topic_id, "subscriptions", **_query(_asked()))
        return csv_file(f"subscribers-{topic_id}", SUBSCRIBERS, found)

    return part


def _asked() -> dict[str, str]:
    """Subscribers, if the form does not ask for others."""
    state = request.args.get("state", STATES[0])
    return {"channel": request.args.get("channel", ""), "state": state if state in STATES else STATES[0]}


def _query(asked: Mapping[str, str]) -> dict[str, str]:
    return {**asked, "state": "" if asked["state"] == "any" else asked["state"]}


def named(api: InternalApi, ids: Iterable[str]) -> dict[str, Any]:
    """ID → the stored person, with masked addresses if IAM withholds these."""
    first, *others = [*dict.fromkeys(ids)] or [""]
    if not first:
        return {}
    above: tuple[str, ...] = ("users",)
    try:
        found = [api.find(*above, first)]
    except Refused as refused:
        if refused.status != 403:
            raise
        above = ("masked", "users")
        found = [api.find(*above, first)]
    found += api.get_many((*above, user_id) for user_id in others)
    return {user_id: user for user_id, user in zip([first, *others], found, strict=True) if user}
