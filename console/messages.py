"""Messages by state, one message as it moves, and why somebody got it or did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from .api import InternalApi, Refused
from .words import AT_REST

A_PAGE: Final = 20
DELIVERIES: Final = 25
STEPS: Final = 10  # per cent between two words to those who listen


def pages(api: InternalApi) -> Blueprint:
    """The pages."""
    part = Blueprint("messages", __name__, url_prefix="/messages")

    @part.get("")
    def index() -> str:
        asked = {name: request.args.get(name, "") for name in ("state", "topic", "cursor")}
        found = api.get("messages", **asked, limit=A_PAGE)
        return render_template("messages.html", asked=asked, items=_counted(api, found["items"]), **_next(found))

    @part.get("/<message_id>/row")
    def row(message_id: str) -> str:
        return render_template("message_row.html", message=api.get("messages", message_id))

    @part.get("/<message_id>")
    def one(message_id: str) -> str | Answer:
        if user := request.args.get("user", "").strip():
            return redirect(url_for(".explain", message_id=message_id, user_id=user))
        asked = {name: request.args.get(name, "") for name in ("status", "channel", "cursor")}
        message = api.get("messages", message_id)
        found = api.get("messages", message_id, "deliveries", **asked, limit=DELIVERIES)
        return render_template("message.html", message=message, asked=asked, deliveries=found["items"], **_next(found))

    @part.get("/<message_id>/live")
    def live(message_id: str) -> Response:
        message = api.get("messages", message_id)
        shown = progress(message)
        told = None if shown == request.args.get("shown") else shown
        answer = make_response(render_template("message_live.html", message=message, told=told))
        if message["state"] in AT_REST:
            answer.headers["HX-Trigger"] = "at-rest"
        return answer

    @part.route("/<message_id>/cancellation", methods=["GET", "POST"])
    def cancel(message_id: str) -> str | Answer:
        if request.method == "GET":
            return render_template("message_cancel.html", message=api.get("messages", message_id))
        try:
            answer = api.delete("messages", message_id)
        except Refused as refused:
            return _back(message_id, refused)
        flash(
            "Cancelled. {already_sent} were sent, {in_flight} in flight, {withheld} withheld.".format(**answer), "done"
        )
        return redirect(url_for(".one", message_id=message_id))

    @part.route("/<message_id>/redrive", methods=["GET", "POST"])
    def redrive(message_id: str) -> str | Answer:
        if request.method == "GET":
            return render_template("message_redrive.html", message=api.get("messages", message_id))
        try:
            api.post("messages", message_id, "redrives")
        except Refused as refused:
            return _back(message_id, refused)
        flash("It is being sent again, to those who failed.", "done")
        return redirect(url_for(".one", message_id=message_id))

    @part.get("/<message_id>/explanations/<user_id>")
    def explain(message_id: str, user_id: str) -> str:
        found = api.get("messages", message_id, "explanations", user_id)
        return render_template("explanation.html", explanation=found, message=api.get("messages", message_id))

    part.add_app_template_global(progress)
    part.add_app_template_global(segments)
    return part


def progress(message: Mapping[str, Any]) -> str:
    """How far it is, in words that change every ten per cent."""
    counts, state = message["counts"], message["state"]
    if state in AT_REST or not counts["recipients"]:
        return str(state)
    settled = counts["recipients"] - counts["outstanding"]
    return f"{state}, {settled * 100 // counts['recipients'] // STEPS * STEPS} %"


def segments(counts: Mapping[str, int]) -> list[tuple[str, float, float]]:
    """The parts of the bar: outcome, where it begins and how wide it is, in per cent."""
    found, begin = [], 0.0
    for outcome in ("sent", "skipped", "failed", "deleted", "outstanding"):
        if counts[outcome]:
            width = counts[outcome] * 100 / counts["recipients"]
            found.append((outcome, round(begin, 3), round(width, 3)))
            begin += width
    return found


def _counted(api: InternalApi, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with its counts. What is gone meanwhile is left out."""
    found = api.get_many(("messages", item["id"]) for item in items)
    return [message for message in found if message is not None]


def _next(found: Mapping[str, Any]) -> dict[str, str | None]:
    return {"next_cursor": found["next_cursor"]}


def _back(message_id: str, refused: Refused) -> Answer:
    """To the message as it is now, with what the API says. Raises what it can't be told by."""
    if refused.status != 409:
        raise refused
    flash(f"That can’t be done now: {refused.detail}.", "failed")
    return redirect(url_for(".one", message_id=message_id))
