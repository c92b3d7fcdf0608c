"""The console as a WSGI application."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Flask, Response, redirect, render_template, request, session, url_for
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
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # the check against forgery looks at it
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
TOLD: Final[Mapping[int, tuple[str, str]]] = {
    400: ("That was not understood", "Go back, and try again."),
    403: (
        "You may not do this",
        "IAM refuses the call. Ask for the policy of operators, or of viewers, of this stage.",
    ),
    404: ("Nothing is here", "It may have been deleted, or its time of retention is over."),
    405: ("This page is not for that", "Go back, and try again."),
    409: ("That can’t be done now", "The message has moved on."),
    422: ("That was not taken", "The internal API says what is wrong."),
    429: ("Too many calls", "The API’s limit is reached. Wait a little, and try again."),
    502: ("The API does not answer", "Try again. If it stays so, look whether the stage is up and the keys are good."),
}
OTHER: Final = ("That went wrong", "Try again. If it stays so, the log of the internal API says more.")


def make(
    call: Call,
    *,
    stage: str,
    cookie: str = "fanfare-console",
    key: str | None = None,
    at_once: int = AT_ONCE,
    more: Mapping[str, Blueprint] | None = None,
) -> Flask:
    """The console of a stage, over `call`. With a `key`, for those alone who open it by a link that has it.

    `more` are parts of whoever serves it, by their names in the navigation.
    """
    app = Flask(__name__, template_folder="pages")
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # sessions end with the process: there is nothing in them to keep
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
        TRUSTED_HOSTS=[*LOOPBACK],  # a page elsewhere may have its own name resolve to loopback
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
    app.add_url_rule("/", "home", lambda: redirect(url_for("messages.index")))
    app.after_request(_guarded)
    for error, told in (
        (Refused, _refused),
        (Unreachable, _unreachable),
        (SecurityError, _misdirected),
        (HTTPException, _http),
    ):
        app.register_error_handler(error, told)
    return app


def _dress(app: Flask, stage: str, parts: Mapping[str, Blueprint]) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"when": when, "number": number}
    app.jinja_env.globals |= {
        "here": here,
        "parts": {name: part.name for name, part in parts.items()},
        "stage": stage,
        "words": words,
    }
    app.jinja_env.globals["show"] = app.jinja_env.get_template("macros.html").module


def _lock(app: Flask, key: str) -> None:
    """Others on this machine can reach loopback too: they don't have the key."""

    @app.before_request
    def known() -> Answer | None:
        if session.get("known") or request.endpoint == "static":
            return None
        if hmac.compare_digest(request.args.get("key", "").encode(), key.encode()):
            session["known"] = True
            return redirect(request.path)
        lead = "Open the link that the terminal shows: it has a key for this console."
        return Response(_page(403, "This console is locked", lead), 403)


def _guarded(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.endpoint != "static":
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer


# What goes wrong


def _refused(error: Refused) -> tuple[str, int]:
    title, lead = TOLD.get(error.status, OTHER)
    status = error.status if error.status in TOLD else 502
    return _page(status, title, lead, said=error.detail, faults=error.faults), status


def _unreachable(error: Unreachable) -> tuple[str, int]:
    return _page(502, *TOLD[502], said=str(error)), 502


def _misdirected(_: SecurityError) -> Answer:
    return Response("Ask for 127.0.0.1 or localhost.\n", 421, mimetype="text/plain")


def _http(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    if isinstance(error, CSRFError):
        return _page(
            status, "This page was too old", "Nothing has been done. Go back, reload, and press again."
        ), status
    return _page(status, *TOLD.get(status, OTHER)), status


def _page(status: int, title: str, lead: str, *, said: str = "", faults: Any = ()) -> str:
    return render_template("problem.html", status=status, title=title, lead=lead, said=said, faults=faults)


# How values are shown


def when(text: str) -> str:
    """`2027-01-01T08:00:03.101Z` as `1 Jan 2027, 08:00:03`."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%b %Y, %H:%M:%S}"


def number(value: int) -> str:
    """With thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def here(**query: str | None) -> str:
    """This page with its query changed; None takes a parameter out."""
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **request.args, **query})
