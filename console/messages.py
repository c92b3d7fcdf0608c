"""Pages of messages: the list by state, one message with live progress, and the explanation for one user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from .api import InternalApi, Refused
from .words import AT_REST

A_PAGE: Final = 20
DELIVERIES: Final = 25
STEPS: Final = 10  # per cent between two announcements to screen readers
LOOKS: Final = ((1_000_000, 30), (100_000, 10), (10_000, 5), (-1, 1))  # above this number of recipients, seconds


def pages(api: InternalApi) -> Blueprint:
    """The blueprint of these pages."""
    part = Blueprint("messages", __name__, url_prefix="/messages")
    views = MessagePages(api)
    part.add_url_rule("", view_func=views.index)
    part.add_url_rule("/<message_id>/row", view_func=views.row)
    part.add_url_rule("/<message_id>", view_func=views.one)
    part.add_url_rule("/<message_id>/live", view_func=views.live)
    part.add_url_rule("/<message_id>/cancellation", view_func=views.cancel, methods=["GET", "POST"])
    part.add_url_rule("/<message_id>/redrive", view_func=views.redrive, methods=["GET", "POST"])
    part.add_url_rule("/<message_id>/explanations/<user_id>", view_func=views.explain)
    _add_helpers(part)
    return part


@dataclass(frozen=True)
class MessagePages:
    """The views, over the internal API."""

    api: InternalApi

    def index(self) -> str:
        asked = {name: request.args.get(name, "") for name in ("state", "topic", "cursor")}
        found = self.api.get("messages", **asked, limit=A_PAGE)
        return render_template("messages.html", asked=asked, items=_counted(self.api, found["items"]), **_next(found))

    def row(self, message_id: str) -> str:
        return render_template("message_row.html", message=self.api.get("messages", message_id))

    def one(self, message_id: str) -> str | Answer:
        if user := request.args.get("user", "").strip():
            return redirect(url_for(".explain", message_id=message_id, user_id=user))
        asked = {name: request.args.get(name, "") for name in ("status", "channel", "receipt", "cursor")}
        message = self.api.get("messages", message_id)
        found = self.api.get("messages", message_id, "deliveries", **asked, limit=DELIVERIES)
        return render_template("message.html", message=message, asked=asked, deliveries=found["items"], **_next(found))

    def live(self, message_id: str) -> Response:
        message = self.api.get("messages", message_id)
        shown = progress(message)
        announced = None if shown == request.args.get("shown") else shown
        answer = make_response(render_template("message_live.html", message=message, announced=announced))
        if message["state"] in AT_REST:
            answer.headers["HX-Trigger"] = "at-rest"
        return answer

    def cancel(self, message_id: str) -> str | Answer:
        if request.method == "GET":
            return render_template("message_cancel.html", message=self.api.get("messages", message_id))
        try:
            answer = self.api.delete("messages", message_id)
        except Refused as refused:
            return _back(message_id, refused)
        flash(
            "Message cancelled: {already_sent} already sent, {in_flight} in flight, {withheld} withheld.".format(
                **answer
            ),
            "done",
        )
        return redirect(url_for(".one", message_id=message_id))

    def redrive(self, message_id: str) -> str | Answer:
        if request.method == "GET":
            return render_template("message_redrive.html", message=self.api.get("messages", message_id))
        try:
            self.api.post("messages", message_id, "redrives")
        except Refused as refused:
            return _back(message_id, refused)
        flash("Sending again to the failed recipients.", "done")
        return redirect(url_for(".one", message_id=message_id))

    def explain(self, message_id: str, user_id: str) -> str:
        found = self.api.get("messages", message_id, "explanations", user_id)
        return render_template("explanation.html", explanation=found, message=self.api.get("messages", message_id))


def progress(message: Mapping[str, Any]) -> str:
    """State and progress in steps of ten per cent, for screen readers."""
    counts, state = message["counts"], message["state"]
    if state in AT_REST or not counts["recipients"]:
        return str(state)
    settled = counts["recipients"] - counts["outstanding"]
    return f"{state}, {settled * 100 // counts['recipients'] // STEPS * STEPS} %"


def seconds_between_looks(message: Mapping[str, Any], least: int) -> int:
    """How long a page waits before it asks for the message again: counts of large messages change less often."""
    recipients = message["counts"]["recipients"]
    return max(least, next(seconds for above, seconds in LOOKS if recipients > above))


def segments(counts: Mapping[str, int]) -> list[tuple[str, float, float]]:
    """The parts of the progress bar: outcome, start and width in per cent."""
    found, begin = [], 0.0
    for outcome in ("sent", "skipped", "failed", "deleted", "outstanding"):
        if counts[outcome]:
            width = counts[outcome] * 100 / counts["recipients"]
            found.append((outcome, round(begin, 3), round(width, 3)))
            begin += width
    return found


def _counted(api: InternalApi, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each message with its counts. Messages deleted in the meantime are left out."""
    found = api.get_many(("messages", item["id"]) for item in items)
    return [message for message in found if message is not None]


def _next(found: Mapping[str, Any]) -> dict[str, str | None]:
    return {"next_cursor": found["next_cursor"]}


def _back(message_id: str, refused: Refused) -> Answer:
    """Redirects to the message and shows the API's error. Raises it again if it is not a conflict."""
    if refused.status != 409:
        raise refused
    flash(f"Not possible in the current state: {refused.detail.removesuffix('.')}.", "failed")
    return redirect(url_for(".one", message_id=message_id))


def _add_helpers(part: Blueprint) -> None:
    part.add_app_template_global(progress)
    part.add_app_template_global(segments)
    part.add_app_template_global(seconds_between_looks)
