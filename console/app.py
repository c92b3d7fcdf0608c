"""The console as a WSGI application."""

from __future__ import annotations

import hmac
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, redirect, request, send_from_directory, session, url_for
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as Answer

from . import filters, queues, search, topics, words
from .api import AT_ONCE, Call, InternalApi
from .errors import handle_errors, page
from .filters import Times
from .host import Host
from .messages import pages as messages
from .messages.content import KeptMails
from .overview import pages as overview
from .people import suppressions, users
from .templates import pages as templates

PARTS: Final[Mapping[str, Callable[[InternalApi, Host], Blueprint]]] = {
    "Overview": overview.pages,
    "Messages": messages.pages,
    "Templates": templates.pages,
    "Topics": topics.pages,
    "People": users.pages,
    "Dead letters": queues.pages,
    "Suppressions": suppressions.pages,
}
# `make` installs it from npm into the virtual environment, as console/package-lock.json says, with its licence.
HTMX: Final = Path(sys.prefix) / "share" / "console" / "node_modules" / "htmx.org"
FILES: Final = ("static", "htmx")  # endpoints that show nothing of anybody
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # the CSRF check reads the header
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def make(
    call: Call,
    *,
    stage: str,
    cookie: str = "fanfare-console",
    key: str | None = None,
    at_once: int = AT_ONCE,
    host: Host | None = None,
) -> Flask:
    """The console of a stage, over `call`. If `key` is given, only browsers that opened a link with it get in."""
    host = host or Host()
    app = Flask(__name__, template_folder="pages")
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # sessions end with the process: they hold nothing worth keeping
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
        TRUSTED_HOSTS=[*LOOPBACK],  # DNS rebinding: another site's name can resolve to loopback
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        MAX_CONTENT_LENGTH=1_000_000,
    )
    app.before_request(_same_origin)
    CSRFProtect(app)
    if key is not None:
        _lock(app, key)
    api = InternalApi(call, at_once=at_once)
    app.extensions |= {"times": Times(host.zone), "mails": KeptMails()}
    parts = {**{name: part(api, host) for name, part in PARTS.items()}, **host.more}
    for part in parts.values():
        app.register_blueprint(part)
    app.register_blueprint(search.pages(api, host))
    _dress(app, stage, parts)
    app.add_url_rule("/static/htmx.min.js", "htmx", lambda: send_from_directory(HTMX / "dist", "htmx.min.js"))
    app.add_url_rule("/", "home", lambda: redirect(url_for("overview.index")))
    app.after_request(_guarded)
    handle_errors(app)
    return app


def _dress(app: Flask, stage: str, parts: Mapping[str, Blueprint]) -> None:
    times: Times = app.extensions["times"]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {**filters.FILTERS, "when": times.when, "minute": times.minute}
    app.jinja_env.globals |= {
        "here": filters.here,
        "parts": {name: part.name for name, part in parts.items()},
        "percent": filters.percent,
        "plural": filters.plural,
        "stage": stage,
        "times": times,
        "words": words,
    }
    app.jinja_env.globals["show"] = app.jinja_env.get_template("macros.html").module


def _same_origin() -> tuple[str, int] | None:
    """In addition to the token of each form: browsers say where a request comes from."""
    if request.method in ("GET", "HEAD") or request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
        return None
    return page(403, "This form is of another site", "Nothing was changed."), 403


def _lock(app: Flask, key: str) -> None:
    """Other users of this machine can reach loopback too, but they don't have the key."""

    @app.before_request
    def known() -> Answer | None:
        if session.get("known") or request.endpoint in FILES:
            return None
        if hmac.compare_digest(request.args.get("key", "").encode(), key.encode()):
            session["known"] = True
            return redirect(request.path)
        lead = "Open the link that the terminal shows: it contains the key of this console."
        return Response(page(403, "This console is locked", lead), 403)


def _guarded(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.endpoint not in FILES:
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
