"""Page of one user: addresses, subscriptions and deliveries."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi, Refused

DELIVERIES: Final = 25
SUBSCRIPTIONS: Final = 100
SUPPRESSIBLE: Final = {"email": "email", "sms": "phone"}  # channel → the user's field with the address


def pages(api: InternalApi) -> Blueprint:
    """The pages."""
    part = Blueprint("users", __name__, url_prefix="/users")

    @part.get("")
    def index() -> str | Answer:
        user = request.args.get("user", "").strip()
        return redirect(url_for(".one", user_id=user)) if user else render_template("users.html", unknown=None)

    @part.get("/<user_id>")
    def one(user_id: str) -> str | tuple[str, int]:
        try:
            user, masked = api.get_or_masked("users", user_id)
        except Refused as refused:
            if refused.status != 404:
                raise
            return render_template("users.html", unknown=user_id), 404
        found = api.get("users", user_id, "deliveries", limit=DELIVERIES, cursor=request.args.get("cursor"))
        return render_template(
            "user.html",
            user=user,
            suppressed={} if masked else _suppressed(api, user),  # a masked address can't be looked up
            subscriptions=api.get("users", user_id, "subscriptions", limit=SUBSCRIPTIONS),
            deliveries=found["items"],
            next_cursor=found["next_cursor"],
        )

    return part


def _suppressed(api: InternalApi, user: dict[str, Any]) -> dict[str, Any]:
    """Channel → the suppression of the user's address, if there is one."""
    channels = [channel for channel, field in SUPPRESSIBLE.items() if user[field]]
    found = api.get_many(("suppressions", channel, user[SUPPRESSIBLE[channel]]) for channel in channels)
    return {channel: suppression for channel, suppression in zip(channels, found, strict=True) if suppression}
