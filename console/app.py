"""The console as a WSGI application."""

from __future__ import annotations

import hmac
import secrets
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, redirect, render_template, request, send_from_directory, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as Answer

from . import messages, queues, suppressions, templates, topics, users, words
from .api import AT_ONCE, Call, InternalApi, Refused, Unreachable

PARTS: Final[Mapping[str, Callable[[InternalApi], Blueprint]]] = {
    "Messages": messages.pages,
    "Templates": templates.pages,
    "Topics": topics.pages,
    "Users": users.pages,
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
PROBLEMS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Invalid request", "Go back and try again."),
    403: (
        "Access denied",
        "IAM denies the call. Ask for this stage’s operator policy or viewer policy.",
    ),
    404: ("Not found", "It may have been deleted, or its retention period has ended."),
    405: ("Method not allowed", "Go back and try again."),
    409: ("Not possible in the current state", "The message’s state has changed."),
    422: ("Validation failed", "The internal API rejected the request."),
    429: ("Too many requests", "The API’s rate limit is reached. Wait a moment and try again."),
    502: (
        "The API does not answer",
        "Try again. If it keeps failing, check that the stage is up and your keys are valid.",
    ),
}
OTHER: Final = ("Something went wrong", "Try again. If it keeps failing, look at the internal API’s log.")


def make(
    call: Call,
    *,
    stage: str,
    cookie: str = "fanfare-console",
    key: str | None = None,
    at_once: int = AT_ONCE,
    more: Mapping[str, Blueprint] | None = None,
) -> Flask:
    """The console of a stage, over `call`. If `key` is given, only browsers that opened a link with it get in.

    `more` are blueprints that the server adds, by their names in the navigation.
    """
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
    CSRFProtect(app)
    if key is not None:
        _lock(app, key)
    api = InternalApi(call, at_once=at_once)
    parts = {**{name: part(api) for name, part in PARTS.items()}, **(more or {})}
    for part in parts.values():
        app.register_blueprint(part)
    _dress(app, stage, parts)
    app.add_url_rule("/static/htmx.min.js", "htmx", lambda: send_from_directory(HTMX / "dist", "htmx.min.js"))
    app.add_url_rule("/", "home", lambda: redirect(url_for("messages.index")))
    app.after_request(_guarded)
    _handle_errors(app)
    return app


def _dress(app: Flask, stage: str, parts: Mapping[str, Blueprint]) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"when": when, "number": number, "sentence": sentence}
    app.jinja_env.globals |= {
        "here": here,
        "parts": {name: part.name for name, part in parts.items()},
        "stage": stage,
        "words": words,
    }
    app.jinja_env.globals["show"] = app.jinja_env.get_template("macros.html").module


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
        return Response(_page(403, "This console is locked", lead), 403)


def _guarded(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.endpoint not in FILES:
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer


# Errors


def _handle_errors(app: Flask) -> None:
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Unreachable, _unreachable)
    app.register_error_handler(SecurityError, _misdirected)
    app.register_error_handler(HTTPException, _http)


def _refused(error: Refused) -> tuple[str, int]:
    title, lead = PROBLEMS.get(error.status, OTHER)
    status = error.status if error.status in PROBLEMS else 502
    return _page(status, title, lead, said=error.detail, faults=error.faults), status


def _unreachable(error: Unreachable) -> tuple[str, int]:
    return _page(502, *PROBLEMS[502], said=str(error)), 502


def _misdirected(_: SecurityError) -> Answer:
    return Response("Unknown host. Use 127.0.0.1 or localhost.\n", 421, mimetype="text/plain")


def _http(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    if isinstance(error, CSRFError):
        return _page(status, "This page has expired", "Nothing was changed. Go back, reload and try again."), status
    return _page(status, *PROBLEMS.get(status, OTHER)), status


def _page(status: int, title: str, lead: str, *, said: str = "", faults: Any = ()) -> str:
    return render_template("problem.html", status=status, title=title, lead=lead, said=said, faults=faults)


# Filters and globals of the pages


def when(text: str) -> str:
    """`2027-01-01T08:00:03.101Z` as `1 Jan 2027, 08:00:03`."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%b %Y, %H:%M:%S}"


def number(value: int) -> str:
    """Digits grouped by thousands with thin spaces."""
    return f"{value:,}".replace(",", "\u202f")


def sentence(text: str) -> str:
    """With a capital letter at the start and one period at the end."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def here(**query: str | None) -> str:
    """The URL of this page with the query changed; None removes a parameter."""
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **request.args, **query})
