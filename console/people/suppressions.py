"""Pages of suppressions: addresses that nothing is sent to, each with its cause and its cure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import Fault, InternalApi, Refused
from ..exports import csv_file
from ..host import Host
from ..words import ADDRESSES, CAUSES

A_PAGE: Final = 50
CHANNELS: Final = ("email", "sms")  # channels that support suppressions
COLUMNS: Final = ("channel", "address", "cause", "created_at")
MISSING: Final = Fault("", "missing", "Enter an address.")


def pages(api: InternalApi, _: Host) -> Blueprint:
    """The blueprint of these pages."""
    part = Blueprint("suppressions", __name__, url_prefix="/suppressions")
    views = SuppressionPages(api)
    part.add_url_rule("", view_func=views.index)
    part.add_url_rule("/-/export.csv", view_func=views.export)
    part.add_url_rule("/new", view_func=views.ask, methods=["GET", "POST"])
    part.add_url_rule("/<channel>/<path:address>/removal", view_func=views.remove, methods=["GET", "POST"])
    return part


@dataclass(frozen=True)
class SuppressionPages:
    """The views, over the internal API."""

    api: InternalApi

    def index(self) -> str:
        channel = request.args.get("channel", "")
        found, _ = self.api.get_or_masked(
            "suppressions", channel=channel, limit=A_PAGE, cursor=request.args.get("cursor")
        )
        return render_template(
            "suppressions.html",
            channel=channel,
            channels=CHANNELS,
            items=found["items"],
            next_cursor=found["next_cursor"],
        )

    def export(self) -> Response:
        return csv_file("suppressions", COLUMNS, self.api.every("suppressions", channel=request.args.get("channel")))

    def ask(self) -> str | tuple[str, int] | Answer:
        """The second look, with the people who have the address; then it is suppressed."""
        form = {name: request.values.get(name, "").strip() for name in ("channel", "address", "cause")}
        form["channel"] = form["channel"] if form["channel"] in CHANNELS else "email"
        form["cause"] = form["cause"] if form["cause"] in CAUSES else "manual"
        if not form["address"]:
            return self._asked(form, faults=[MISSING])
        try:
            if request.method == "GET":
                people = self.api.get("users", **{ADDRESSES[form["channel"]]: form["address"]})["items"]
                return self._asked(form, people=people)
            added = self.api.put("suppressions", form["channel"], form["address"], body={"cause": form["cause"]})
        except Refused as refused:
            if refused.status != 422:
                raise
            return self._asked(form, faults=refused.faults)
        flash(f"Suppressed: nothing will be sent to {added['address']}.", "done")
        return redirect(url_for(".index"))

    def _asked(self, form: dict[str, str], *, people: Any = (), faults: Any = ()) -> tuple[str, int]:
        page = render_template("suppression_add.html", form=form, people=people, faults=faults, channels=CHANNELS)
        return page, 422 if faults else 200

    def remove(self, channel: str, address: str) -> str | Answer:
        if request.method == "GET":
            found = self.api.get("suppressions", channel, address)
            return render_template("suppression_remove.html", suppression=found)
        self.api.delete("suppressions", channel, address)
        flash(f"Suppression removed: {address} can receive messages again.", "done")
        return redirect(url_for(".index"))
