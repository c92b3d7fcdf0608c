"""What can go wrong, as one tree. `code` is stable; `errors` name each field that is wrong, and the cure.

FanfareError
├── ConfigurationError          no URL, no region or no credentials: says what to set
├── Unreachable                 no answer, however often it was tried
├── UnexpectedAnswer            an answer that is none of Fanfare's
└── Refused                     an answer that is a problem (RFC 9457)
    ├── MalformedRequest   400
    ├── Unauthorized       401
    ├── Forbidden          403  not signed, or by nobody who may call this
    ├── NotFound           404
    ├── MethodNotAllowed   405
    ├── Conflict           409  its state forbids it
    ├── PayloadTooLarge    413
    ├── NotJson            415
    ├── Invalid            422  understood, but wrong
    ├── TooManyRequests    429
    └── ServerError        5xx
        └── Unavailable    503
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

SHOWN = 300  # characters of an answer that is no problem


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where (a JSON pointer; `?name`, `{name}`, `Name:` beside the body), what, and the cure."""

    pointer: str
    code: str
    detail: str


class FanfareError(Exception):
    """The root of all that this package raises."""


class ConfigurationError(FanfareError):
    """It is not known where to call, or as whom."""


class Unreachable(FanfareError):
    """No answer came. Whether the call was carried out is not known: repeat it with the same key."""

    def __init__(self, detail: str, *, idempotency_key: str | None = None) -> None:
        super().__init__(detail)
        self.idempotency_key = idempotency_key


class UnexpectedAnswer(FanfareError):
    """What answered is not Fanfare."""


class Refused(FanfareError):
    """Fanfare answered with a problem."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        errors: tuple[Fault, ...] = (),
        retryable: bool = False,
        request_id: str | None = None,
        retry_after: float | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.errors = errors
        self.retryable = retryable
        self.request_id = request_id
        self.retry_after = retry_after
        self.idempotency_key = idempotency_key

    def __str__(self) -> str:
        faults = "; ".join(f"{fault.pointer} {fault.detail}" for fault in self.errors)
        return f"{self.status} {self.code}: {self.detail}" + (f" ({faults})" if faults else "")


class MalformedRequest(Refused):
    pass


class Unauthorized(Refused):
    pass


class Forbidden(Refused):
    pass


class NotFound(Refused):
    pass


class MethodNotAllowed(Refused):
    pass


class Conflict(Refused):
    pass


class PayloadTooLarge(Refused):
    pass


class NotJson(Refused):
    pass


class Invalid(Refused):
    pass


class TooManyRequests(Refused):
    pass


class ServerError(Refused):
    pass


class Unavailable(ServerError):
    pass


BY_STATUS: dict[int, type[Refused]] = {
    400: MalformedRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: PayloadTooLarge,
    415: NotJson,
    422: Invalid,
    429: TooManyRequests,
    503: Unavailable,
}


def refusal(
    status: int, content: bytes, *, request_id: str | None, retry_after: float | None, idempotency_key: str | None
) -> Refused:
    """The answer as an exception. The gateway's own answers have no code: theirs is made from the status."""
    said = _object(content)
    kind = BY_STATUS.get(status) or (ServerError if status >= 500 else Refused)
    return kind(
        str(said.get("detail") or said.get("message") or content.decode(errors="replace")[:SHOWN]),
        status=status,
        code=str(said.get("code") or _word(status)),
        errors=tuple(_fault(fault) for fault in said.get("errors") or ()),
        retryable=bool(said.get("retryable", status == 429 or status >= 500)),
        request_id=request_id,
        retry_after=retry_after,
        idempotency_key=idempotency_key,
    )


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _fault(fault: Mapping[str, Any]) -> Fault:
    return Fault(str(fault.get("pointer", "")), str(fault.get("code", "")), str(fault.get("detail", "")))


def _word(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_")
    except ValueError:
        return "server_error" if status >= 500 else "refused"
