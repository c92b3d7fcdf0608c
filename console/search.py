"""One search box: an id, an address, a topic, a message → its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from .api import A_PAGE, InternalApi, Refused
from .host import Host

MESSAGE: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
PHONE: Final = re.compile(r"\+[0-9][0-9 ()./-]{4,}")
NAMED: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@|+=~-]{0,127}", re.ASCII)


@dataclass(frozen=True)
class Hit:
    """`exact`: it is what was asked for, not only like it."""

    kind: str
    label: str
    detail: str
    url: str
    exact: bool = True


@dataclass(frozen=True)
class Found:
    """`denied`: look-ups that IAM does not let the operator make."""

    hits: list[Hit]
    denied: tuple[str, ...] = ()


def pages(api: InternalApi, _: Host) -> Blueprint:
    """The page."""
    part = Blueprint("search", __name__, url_prefix="/search")

    @part.get("")
    def index() -> str | Answer:
        q = request.args.get("q", "").strip()
        found = Search(api, q).run() if q else None
        if found:
            exact = [hit for hit in found.hits if hit.exact] or found.hits
            if len(exact) == 1:
                return redirect(exact[0].url)
        return render_template("search.html", q=q, found=found)

    return part


@dataclass(frozen=True)
class Search:
    """One search for `q`."""

    api: InternalApi
    q: str

    def run(self) -> Found:
        hits: list[Hit] = []
        denied = []
        looks = {"people by address": self._addresses, "people": self._people, "suppressions": self._suppressions}
        for what, look in {**looks, "the catalogue": self._catalogue, "messages": self._messages}.items():
            try:
                hits += look()
            except Refused as refused:
                if refused.status == 403:
                    denied.append(what)
                elif refused.status not in (404, 422):
                    raise
        return Found([*{hit.url: hit for hit in hits}.values()], tuple(denied))

    def _addresses(self) -> Iterator[Hit]:
        by = "email" if EMAIL.fullmatch(self.q) else "phone" if PHONE.fullmatch(self.q) else None
        if by:
            for user in self.api.get("users", **{by: self.q})["items"]:
                detail = "has this address" if user.get("stored", True) else "not a stored user; got messages here"
                yield Hit("Person", user.get("name") or user["id"], f"{user['id']}, {detail}", _user(user["id"]))

    def _people(self) -> Iterator[Hit]:
        if NAMED.fullmatch(self.q) and not MESSAGE.fullmatch(self.q):
            user, _ = self.api.get_or_masked("users", self.q)
            yield Hit("Person", user.get("name") or user["id"], user["id"], _user(user["id"]))

    def _suppressions(self) -> Iterator[Hit]:
        """An address that no person has may be suppressed all the same."""
        channel = "email" if EMAIL.fullmatch(self.q) else "sms" if PHONE.fullmatch(self.q) else None
        if channel and not self.api.get("users", **{"email" if channel == "email" else "phone": self.q})["items"]:
            found = self.api.get("suppressions", channel, self.q)
            url = url_for("suppressions.remove", channel=channel, address=found["address"])
            yield Hit("Suppression", found["address"], f"suppressed: {found['cause']}", url)

    def _catalogue(self) -> Iterator[Hit]:
        asked = self.q.lower()
        for topic in self.api.get("topics", limit=A_PAGE)["items"]:
            if asked in topic["id"].lower() or asked in topic["title"].lower():
                url = url_for("topics.one", topic_id=topic["id"])
                yield Hit("Topic", topic["id"], topic["title"], url, topic["id"] == self.q)
        for template in self.api.get("templates", limit=A_PAGE)["items"]:
            if asked in template["id"].lower():
                url = url_for("templates.one", template_id=template["id"])
                yield Hit("Template", template["id"], f"version {template['version']}", url, template["id"] == self.q)

    def _messages(self) -> Iterator[Hit]:
        if MESSAGE.fullmatch(self.q.lower()):
            yield self._message(self.api.get("messages", self.q.lower()), exact=True)
            return
        asked = self.q.lower()
        for message in self.api.get("messages", limit=A_PAGE)["items"]:
            if asked in (message["summary"] or "").lower():
                yield self._message(message, exact=False)

    def _message(self, message: Any, *, exact: bool) -> Hit:
        label = message["summary"] or message["topic"] or "Named users"
        return Hit("Message", label, message["created_at"], url_for("messages.one", message_id=message["id"]), exact)


def _user(user_id: str) -> str:
    return url_for("users.one", user_id=user_id)
