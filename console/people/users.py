"""Pages of people: look-up, and one person with addresses, subscriptions, consents, deliveries, explanations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi, Refused
from ..exports import csv_file
from ..host import Host
from ..words import ADDRESSES
from .imports import ImportPages
from .recent import Day, RecentPages
from .subscriptions import SubscriptionPages

A_PAGE: Final = 25
DELIVERIES: Final = 20
SUBSCRIPTIONS: Final = 100
CONSENTS: Final = 20
# Of people without a stored user, only the id is known
UNSTORED: Final = dict.fromkeys(("name", "email", "phone", "webhook", "locale", "time_zone", "quiet_hours")) | {
    "push": [],
    "attributes": {},
    "stored": True,
}
FIELDS: Final = ("id", "name", "email", "phone", "locale", "time_zone", "quiet_hours.start", "quiet_hours.end")
ANSWERS: Final = ("topic", "channel", "state", "at", "by", "frequency")
CHANGES: Final = ("topic", "channel", "state", "at", "by", "message_id", "evidence")
HISTORY: Final = ("message_id", "updated_at", "channel", "status", "reason", "receipt", "attempts", "provider_id")


def pages(api: InternalApi, host: Host) -> Blueprint:
    """The pages."""
    blueprint = Blueprint("users", __name__, url_prefix="/users")
    views, subscriptions, imports = UserPages(api), SubscriptionPages(api), ImportPages(api, host.import_file)
    recent = RecentPages(api)
    blueprint.add_url_rule("", view_func=views.index)
    blueprint.add_url_rule("/-/export.csv", view_func=views.export)
    blueprint.add_url_rule("/-/import", "import_upload", imports.upload, methods=["GET", "POST"])
    blueprint.add_url_rule("/-/import/<job_id>", "import_one", imports.one, methods=["GET", "POST"])
    blueprint.add_url_rule("/-/import/<job_id>/report", "import_report", imports.report)
    blueprint.add_url_rule("/<user_id>", view_func=views.one)
    blueprint.add_url_rule("/<user_id>/recent", view_func=recent.recent)
    blueprint.add_url_rule("/<user_id>/recent.csv", "export_recent", recent.export)
    blueprint.add_url_rule("/<user_id>/deliveries.csv", view_func=views.export_deliveries)
    blueprint.add_url_rule("/<user_id>/subscriptions.csv", view_func=views.export_subscriptions)
    blueprint.add_url_rule("/<user_id>/consents.csv", view_func=views.export_consents)
    blueprint.add_url_rule("/<user_id>/subscription", view_func=subscriptions.change, methods=["GET", "POST"])
    return blueprint


@dataclass(frozen=True)
class UserPages:
    """The views, over the internal API."""

    api: InternalApi

    def index(self) -> str | Answer:
        if user := request.args.get("user", "").strip():
            return redirect(url_for("search.index", q=user))
        try:
            found = self.api.get("users", limit=A_PAGE, cursor=request.args.get("cursor"))
        except Refused as refused:
            if refused.status != 403:
                raise
            return render_template("users.html", items=None, next_cursor=None)
        return render_template("users.html", items=found["items"], next_cursor=found["next_cursor"])

    def export(self) -> Response:
        return csv_file("people", FIELDS, self.api.every("users"))

    def one(self, user_id: str) -> str | tuple[str, int]:
        try:
            user, masked = self.api.get_or_masked("users", user_id)
        except Refused as refused:
            if refused.status != 404:
                raise
            return render_template("search.html", q=user_id, found=None), 404
        user = {**UNSTORED, **user}
        found = self.api.get("users", user_id, "deliveries", limit=DELIVERIES, cursor=request.args.get("cursor"))
        return render_template(
            "user.html",
            user=user,
            masked=masked,
            day=Day.asked(),
            suppressed={} if masked else self._suppressed(user),  # a masked address can't be looked up
            subscriptions=self.api.get("users", user_id, "subscriptions", limit=SUBSCRIPTIONS),
            refusals=self.api.get("users", user_id, "subscriptions", state="unsubscribed", limit=SUBSCRIPTIONS),
            consents=self.api.get("users", user_id, "consents", limit=CONSENTS),
            messages=self._messages(found["items"]),
            deliveries=found["items"],
            digests=self._digests(user_id, found["items"]),
            next_cursor=found["next_cursor"],
        )

    def export_deliveries(self, user_id: str) -> Response:
        return csv_file(f"deliveries-{user_id}", HISTORY, self.api.every("users", user_id, "deliveries"))

    def export_subscriptions(self, user_id: str) -> Response:
        said = (self.api.every("users", user_id, "subscriptions", state=state) for state in (None, "unsubscribed"))
        return csv_file(f"subscriptions-{user_id}", ANSWERS, chain.from_iterable(said))

    def export_consents(self, user_id: str) -> Response:
        return csv_file(f"consents-{user_id}", CHANGES, self.api.every("users", user_id, "consents"))

    def _messages(self, deliveries: list[dict[str, Any]]) -> Mapping[str, Any]:
        ids = [*dict.fromkeys(each["message_id"] for each in deliveries)]
        return dict(zip(ids, self.api.get_many(("messages", each) for each in ids), strict=True))

    def _digests(self, user_id: str, deliveries: list[dict[str, Any]]) -> Mapping[str, Any]:
        """The digests that messages of these deliveries went into, by id; None for those that are forgotten."""
        ids = [*dict.fromkeys(each["digest_id"] for each in deliveries if each["digest_id"])]
        found = self.api.get_many(("users", user_id, "digests", each) for each in ids)
        return dict(zip(ids, found, strict=True))

    def _suppressed(self, user: Mapping[str, Any]) -> dict[str, Any]:
        """Channel → the suppression of the user's address, if there is one."""
        channels = [channel for channel, field in ADDRESSES.items() if user[field]]
        found = self.api.get_many(("suppressions", channel, user[ADDRESSES[channel]]) for channel in channels)
        return {channel: suppression for channel, suppression in zip(channels, found, strict=True) if suppression}
