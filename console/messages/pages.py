"""Pages of messages: the list by state, one message with live progress, and the explanation for one user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi
from ..exports import csv_file
from ..host import Host
from ..parts import part
from ..words import AT_REST
from .actions import MessageActions
from .compose import ComposePages
from .content import ContentPages, KeptMails, keep_mail
from .progress import figures, progress, seconds_between_looks, segments
from .reasons import grouped
from .verdict import Verdict, scheduled_for, verdict

A_PAGE: Final = 20
TOPICS: Final = 100  # suggested
DELIVERIES: Final = 25
FILTERS: Final = ("state", "topic", "template", "created_after", "created_before")
COLUMNS: Final = (
    *(
        "id",
        "created_at",
        "send_at",
        "state",
        "summary",
        "topic",
        "template.id",
        "channels",
        "counts.recipients",
        "counts.sent",
    ),
    *("counts.failed", "counts.skipped", "counts.deleted", "receipts.delivered", "receipts.bounced"),
    *("receipts.complained", "receipts.no_word"),
)
REASONS: Final = ("status", "channel", "reason", "count", "example")
RECIPIENTS: Final = ("user_id", "channel", "status", "reason", "receipt", "attempts", "provider_id", "updated_at")


def pages(api: InternalApi, _: Host) -> Blueprint:
    """The blueprint of these pages."""
    part = Blueprint("messages", __name__, url_prefix="/messages")
    views, actions, content = MessagePages(api), MessageActions(api), ContentPages(api)
    part.add_url_rule("", view_func=views.index)
    part.add_url_rule("/-/export.csv", view_func=views.export)
    part.add_url_rule("/-/new", view_func=ComposePages(api).write, methods=["GET", "POST"])
    part.add_url_rule("/-/mails/<token>", "kept", kept)
    part.add_url_rule("/<message_id>", view_func=views.one)
    part.add_url_rule("/<message_id>/row", view_func=views.row)
    part.add_url_rule("/<message_id>/live", view_func=views.live)
    part.add_url_rule("/<message_id>/reasons", view_func=views.reasons)
    part.add_url_rule("/<message_id>/reasons.csv", view_func=views.export_reasons)
    part.add_url_rule("/<message_id>/deliveries.csv", view_func=views.export_deliveries)
    part.add_url_rule("/<message_id>/explanations/<user_id>", view_func=views.explain)
    part.add_url_rule("/<message_id>/sample", view_func=content.sample)
    part.add_url_rule("/<message_id>/content/<user_id>/<channel>", "content", content.one)
    part.add_url_rule("/<message_id>/content/<user_id>/<channel>/body", "content_body", content.body)
    part.add_url_rule("/<message_id>/cancellation", view_func=actions.cancel, methods=["GET", "POST"])
    part.add_url_rule("/<message_id>/redrive", view_func=actions.redrive, methods=["GET", "POST"])
    for helper in (progress, segments, seconds_between_looks, figures, verdict_of, schedule_of, keep_mail):
        part.add_app_template_global(helper)
    return part


def kept(token: str) -> Response:
    mails: KeptMails = current_app.extensions["mails"]
    return mails.show(token)


def verdict_of(message: Mapping[str, Any]) -> Verdict:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return verdict(message, current_app.extensions["times"], now)


def schedule_of(message: Mapping[str, Any]) -> str | None:
    return scheduled_for(message, current_app.extensions["times"])


def counted(api: InternalApi, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each message with its counts. Messages deleted in the meantime are left out."""
    found = api.get_many(("messages", item["id"]) for item in items)
    return [message for message in found if message is not None]


@dataclass(frozen=True)
class MessagePages:
    """The views, over the internal API."""

    api: InternalApi

    def index(self) -> str:
        asked = {name: request.args.get(name, "") for name in (*FILTERS, "cursor")}
        found = self.api.get("messages", **asked, limit=A_PAGE)
        items, topics = counted(self.api, found["items"]), self.api.get("topics", limit=TOPICS)["items"]
        return render_template("messages.html", asked=asked, items=items, topics=topics, **_next(found))

    def export(self) -> Response:
        asked = {name: request.args.get(name, "") for name in FILTERS}
        items = (message for item in self.api.every("messages", **asked) for message in counted(self.api, [item]))
        return csv_file("messages", COLUMNS, items)

    def row(self, message_id: str) -> str:
        return render_template("message_row.html", message=self.api.get("messages", message_id))

    def one(self, message_id: str) -> str | Answer:
        if user := request.args.get("user", "").strip():
            return self._explain(message_id, user)
        asked = {name: request.args.get(name, "") for name in ("status", "channel", "receipt", "cursor")}
        message = self.api.get("messages", message_id)
        found = self.api.get("messages", message_id, "deliveries", **asked, limit=DELIVERIES)
        return render_template("message.html", message=message, asked=asked, deliveries=found["items"], **_next(found))

    def _explain(self, message_id: str, user: str) -> Answer:
        """To the explanation for a user, by id or address."""
        if "@" in user and self.api.find("users", user) is None:
            known = self.api.get("users", email=user)["items"]
            if not known:
                flash(f"No user has the address {user}.", "failed")
                return redirect(url_for(".one", message_id=message_id))
            user = known[0]["id"]
        return redirect(url_for(".explain", message_id=message_id, user_id=user))

    def live(self, message_id: str) -> Response:
        message = self.api.get("messages", message_id)
        shown = progress(message)
        announced = None if shown == request.args.get("shown") else shown
        answer = make_response(render_template("message_live.html", message=message, announced=announced))
        if message["state"] in AT_REST:
            answer.headers["HX-Trigger"] = "at-rest"
        return answer

    def reasons(self, message_id: str) -> str:
        return part("message_reasons.html", message_id=message_id, found=grouped(self.api, message_id))

    def export_reasons(self, message_id: str) -> Response:
        return csv_file(f"reasons-{message_id}", REASONS, map(vars, grouped(self.api, message_id).groups))

    def export_deliveries(self, message_id: str) -> Response:
        asked = {name: request.args.get(name, "") for name in ("status", "channel", "receipt")}
        items = self.api.every("messages", message_id, "deliveries", **asked)
        return csv_file(f"deliveries-{message_id}", RECIPIENTS, items)

    def explain(self, message_id: str, user_id: str) -> str:
        found = self.api.get("messages", message_id, "explanations", user_id)
        return render_template("explanation.html", explanation=found, message=self.api.get("messages", message_id))


def _next(found: Mapping[str, Any]) -> dict[str, str | None]:
    return {"next_cursor": found["next_cursor"]}
