"""What the pages show when a call fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as Answer

from .api import Refused, Unreachable

PROBLEMS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Invalid request", "Go back and try again."),
    403: (
        "Access denied",
        "IAM denies the call. Ask for this stage’s viewer, editor or operator policy.",
    ),
    404: ("Not found", "It may have been deleted, or its retention period has ended."),
    405: ("Method not allowed", "Go back and try again."),
    409: ("Not possible in the current state", "The state has changed."),
    410: ("Gone", "The data are no longer stored."),
    413: ("Too large", "Upload a smaller file, or use the command line: fanfare import."),
    422: ("Validation failed", "The internal API rejected the request."),
    429: ("Too many requests", "The API’s rate limit is reached. Wait a moment and try again."),
    502: (
        "The API does not answer",
        "Try again. If it keeps failing, check that the stage is up and your keys are valid.",
    ),
}
OTHER: Final = ("Something went wrong", "Try again. If it keeps failing, look at the internal API’s log.")


def handle_errors(app: Flask) -> None:
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Unreachable, _unreachable)
    app.register_error_handler(SecurityError, _misdirected)
    app.register_error_handler(HTTPException, _http)


def page(status: int, title: str, lead: str, *, said: str = "", faults: Any = ()) -> str:
    return render_template("problem.html", status=status, title=title, lead=lead, said=said, faults=faults)


def _refused(error: Refused) -> tuple[str, int]:
    title, lead = PROBLEMS.get(error.status, OTHER)
    status = error.status if error.status in PROBLEMS else 502
    return page(status, title, lead, said=error.detail, faults=error.faults), status


def _unreachable(error: Unreachable) -> tuple[str, int]:
    return page(502, *PROBLEMS[502], said=str(error)), 502


def _misdirected(_: SecurityError) -> Answer:
    return Response("Unknown host. Use 127.0.0.1 or localhost.\n", 421, mimetype="text/plain")


def _http(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    if isinstance(error, CSRFError):
        return page(status, "This page has expired", "Nothing was changed. Go back, reload and try again."), status
    return page(status, *PROBLEMS.get(status, OTHER)), status
