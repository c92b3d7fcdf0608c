"""Subscribing and unsubscribing a person, with a second look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi, Refused
from ..words import channel as named

BY_PERSON = ("unsubscribed_by_person", "too_soon")


@dataclass(frozen=True)
class SubscriptionPages:
    """The views, over the internal API."""

    api: InternalApi

    def change(self, user_id: str) -> str | tuple[str, int] | Answer:
        asked = {name: request.values.get(name, "") for name in ("topic", "channel", "to")}
        topic = self.api.find("topics", asked["topic"]) if asked["topic"] else None
        if topic is None or asked["channel"] not in topic["channels"]:
            return self._choose(user_id, topic, asked)
        if request.method == "GET":
            return render_template("subscription_change.html", user_id=user_id, topic=topic, asked=asked, refused=None)
        try:
            self._store(user_id, asked)
        except Refused as refused:
            if refused.code not in BY_PERSON:
                raise
            page = render_template(
                "subscription_change.html", user_id=user_id, topic=topic, asked=asked, refused=refused
            )
            return page, 409
        done = "Subscribed to" if asked["to"] == "subscribed" else "Unsubscribed from"
        flash(f"{done} {topic['title']} on {named(asked['channel'])}.", "done")
        return redirect(url_for(".one", user_id=user_id))

    def _choose(self, user_id: str, topic: Any, asked: dict[str, str]) -> str:
        topics = [*self.api.every("topics")] if topic is None else []
        return render_template("subscription_choose.html", user_id=user_id, topic=topic, topics=topics, asked=asked)

    def _store(self, user_id: str, asked: dict[str, str]) -> None:
        path = ("users", user_id, "subscriptions", asked["topic"], asked["channel"])
        if asked["to"] != "subscribed":
            self.api.delete(*path)
        elif evidence := request.form.get("evidence", "").strip():
            self.api.put(*path, "resubscription", body={"evidence": evidence})
        else:
            self.api.put(*path)
