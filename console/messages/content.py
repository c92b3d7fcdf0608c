"""What a reader was sent, as they saw it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Response, abort, current_app, render_template, url_for

from ..api import InternalApi, Refused
from ..parts import part

# A mail may use inline styles and data: images. No scripts, no forms, no requests.
MAIL_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
KEPT: Final = 60
GONE: Final[Mapping[int, str]] = {
    403: "Your policy does not show contents. The operator policy does.",
    404: "Nothing was sent to this person on this channel.",
    410: "The content is no longer stored: the message is sensitive, its data or the person were erased.",
}


@dataclass(frozen=True)
class Shown:
    """The content of a delivery, or why there is none."""

    user_id: str
    channel: str
    found: Mapping[str, Any] | None
    gone: str = ""


def mail(html: str) -> Response:
    """A mail for a sandboxed frame."""
    headers = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(html, mimetype="text/html", headers=headers)


@dataclass(frozen=True)
class KeptMails:
    """Rendered mails that have no URL of their own, for the frames of the last pages."""

    found: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def keep(self, html: str) -> str:
        """The token of the mail's URL."""
        token = secrets.token_urlsafe(12)
        self.found[token] = html
        while len(self.found) > KEPT:
            self.found.popitem(last=False)
        return token

    def show(self, token: str) -> Response:
        return mail(self.found.get(token) or abort(404))


def keep_mail(html: str) -> str:
    """The URL of the mail, until some more are kept."""
    mails: KeptMails = current_app.extensions["mails"]
    return url_for("messages.kept", token=mails.keep(html))


@dataclass(frozen=True)
class ContentPages:
    """The views, over the internal API."""

    api: InternalApi

    def sample(self, message_id: str) -> str:
        """What the first recipient saw: a part of the message's page."""
        sent = self.api.get("messages", message_id, "deliveries", status="sent", limit=1)["items"]
        shown = self._shown(message_id, sent[0]["user_id"], sent[0]["channel"]) if sent else None
        return part("message_sample.html", message_id=message_id, shown=shown)

    def one(self, message_id: str, user_id: str, channel: str) -> str:
        message = self.api.get("messages", message_id)
        shown = self._shown(message_id, user_id, channel)
        return render_template("message_content.html", message=message, message_id=message_id, shown=shown)

    def body(self, message_id: str, user_id: str, channel: str) -> Response:
        found = self.api.get("messages", message_id, "content", user_id=user_id, channel=channel)
        return mail(found["content"].get("html") or abort(404))

    def _shown(self, message_id: str, user_id: str, channel: str) -> Shown:
        try:
            found = self.api.get("messages", message_id, "content", user_id=user_id, channel=channel)
        except Refused as refused:
            if refused.status not in GONE:
                raise
            return Shown(user_id, channel, None, GONE[refused.status])
        return Shown(user_id, channel, found)
