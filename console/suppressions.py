"""Pages of suppressions: addresses that nothing is sent to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from .api import Fault, InternalApi, Refused
from .words import CAUSES

A_PAGE: Final = 50
CHANNELS: Final = ("email", "sms")  # channels that support suppressions


def pages(api: InternalApi) -> Blueprint:
    """The blueprint of these pages."""
    part = Blueprint("suppressions", __name__, url_prefix="/suppressions")
    views = SuppressionPages(api)
    part.add_url_rule("", view_func=views.index)
    part.add_url_rule("", view_func=views.add, methods=["POST"])
    part.add_url_rule("/<channel>/<path:address>/removal", view_func=views.remove, methods=["GET", "POST"])
    return part


@dataclass(frozen=True)
class SuppressionPages:
    """The views, over the internal API."""

    api: InternalApi

    def _list(
        self, status: int = 200, *, form: dict[str, str] | None = None, faults: list[Fault] | None = None
    ) -> tuple[str, int]:
        channel = request.args.get("channel", "")
        found, _ = self.api.get_or_masked(
            "suppressions", channel=channel, limit=A_PAGE, cursor=request.args.get("cursor")
        )
        page = render_template(
            "suppressions.html",
            channel=channel,
            channels=CHANNELS,
            items=found["items"],
            next_cursor=found["next_cursor"],
            form=form or {"channel": "email", "address": "", "cause": "manual"},
            faults=faults or (),
        )
        return page, status

    def index(self) -> tuple[str, int]:
        return self._list()

    def add(self) -> tuple[str, int] | Answer:
        form = {name: request.form.get(name, "").strip() for name in ("channel", "address", "cause")}
        if not form["address"]:
            return self._list(422, form=form, faults=[Fault("", "missing", "Enter an address.")])
        cause = form["cause"] if form["cause"] in CAUSES else "manual"
        try:
            added = self.api.put("suppressions", form["channel"], form["address"], body={"cause": cause})
        except Refused as refused:
            if refused.status != 422:
                raise
            return self._list(422, form=form, faults=refused.faults)
        flash(f"Suppressed: nothing will be sent to {added['address']}.", "done")
        return redirect(url_for(".index"))

    def remove(self, channel: str, address: str) -> str | Answer:
        if request.method == "GET":
            found = self.api.get("suppressions", channel, address)
            return render_template("suppression_remove.html", suppression=found)
        self.api.delete("suppressions", channel, address)
        flash(f"Suppression removed: {address} can receive messages again.", "done")
        return redirect(url_for(".index"))
