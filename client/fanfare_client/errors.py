"""The error tree. `code` is stable; `errors` has one entry per invalid field with what to do.

FanfareError
├── ConfigurationError          no URL, region or credentials; the message says what to set
├── Unreachable                 no answer after all attempts
├── UnexpectedAnswer            an answer that is not from Fanfare
└── Refused                     an error response of the API (RFC 9457 problem)
    ├── MalformedRequest   400
    ├── Unauthorized       401
    ├── Forbidden          403  not signed, or the principal is not allowed to call this
    ├── NotFound           404
    ├── MethodNotAllowed   405
    ├── Conflict           409  not possible in the current state
    ├── PayloadTooLarge    413
    ├── NotJson            415
    ├── Invalid            422  validation failed
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

SHOWN = 300  # characters of a body that is not a problem document


@dataclass(frozen=True)
class Fault:
    """A validation error. `pointer` is a JSON pointer into the body; for parameters `?query`, `{path}` or `Header:`."""

    pointer: str
    code: str
    detail: str


class FanfareError(Exception):
    """The base class of all errors of this package."""


class ConfigurationError(FanfareError):
    """The URL, the region or the credentials are missing or invalid."""


class Unreachable(FanfareError):
    """No answer. The call may have succeeded: to be safe, repeat it with the same idempotency key."""

    def __init__(self, detail: str, *, idempotency_key: str | None = None) -> None:
        super().__init__(detail)
        self.idempotency_key = idempotency_key


class UnexpectedAnswer(FanfareError):
    """The answer is not from Fanfare."""


class Refused(FanfareError):
    """The API answered with an error."""

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
    """The error response as an exception. API Gateway's own errors have no code: it is derived from the status."""
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
