"""All errors, as one tree with stable codes.

FanfareError                      shown to the caller, as RFC 9457 problem+json
├── MalformedRequest        400   not JSON at all
├── Unauthorized            401   the token has no valid user id
├── Forbidden               403   the request did not come through the deployment's proxy
├── NotFound                404
├── MethodNotAllowed        405
├── Conflict                409   the resource's state forbids it
├── PayloadTooLarge         413
├── UnsupportedMediaType    415
├── Invalid                 422   well-formed, but invalid: lists the fields
├── TooManyRequests         429   retry after `retry_after` seconds
└── Unavailable             503   retry

TemplateError                     a template that does not compile or render; has line and column
ConditionFailed                   a conditional write found a different state than expected
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fanfare.data_classes import dataclass


@dataclass(frozen=True)
class Fault:
    """An error in a request: its place (RFC 6901 JSON pointer), a stable code, and what to do."""

    pointer: str
    code: str
    detail: str


class FanfareError(Exception):
    """Base of all errors that are shown to a caller."""

    status = 500
    title = "Internal error"
    code = "internal_error"
    retryable = False
    retry_after = 2  # seconds; used if `retryable`

    def __init__(
        self, detail: str, *, code: str | None = None, errors: Sequence[Fault] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.retry_after = retry_after or self.retry_after
        self.errors = tuple(errors)


class MalformedRequest(FanfareError):
    status, title, code = 400, "Malformed request", "malformed_request"


class Unauthorized(FanfareError):
    status, title, code = 401, "Unauthorized", "unauthorized"


class Forbidden(FanfareError):
    status, title, code = 403, "Forbidden", "forbidden"


class NotFound(FanfareError):
    status, title, code = 404, "Not found", "not_found"


class MethodNotAllowed(FanfareError):
    status, title, code = 405, "Method not allowed", "method_not_allowed"


class Conflict(FanfareError):
    status, title, code = 409, "Conflict", "conflict"


class Gone(FanfareError):
    status, title, code = 410, "Gone", "gone"


class PreconditionFailed(FanfareError):
    status, title, code = 412, "Precondition failed", "precondition_failed"


class PayloadTooLarge(FanfareError):
    status, title, code = 413, "Payload too large", "payload_too_large"


class UnsupportedMediaType(FanfareError):
    status, title, code = 415, "Unsupported media type", "unsupported_media_type"


class Invalid(FanfareError):
    status, title, code = 422, "Invalid request", "invalid_request"

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> Invalid:
        """The common case: one field is invalid."""
        return cls(detail, errors=[Fault(pointer, code, detail)])


class PreconditionRequired(FanfareError):
    status, title, code = 428, "Precondition required", "precondition_required"


class TooManyRequests(FanfareError):
    status, title, code, retryable = 429, "Too many requests", "too_many_requests", True
    retry_after = 3_600


class Unavailable(FanfareError):
    status, title, code, retryable = 503, "Unavailable", "unavailable", True


class TemplateError(Exception):
    """A template that does not compile or render. `line` and `column` count from 1; None if unknown."""

    def __init__(self, detail: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line
        self.column = column

    def again(self) -> TemplateError:
        """A copy without traceback, which would keep objects alive."""
        return TemplateError(self.detail, line=self.line, column=self.column)

    def within(self, name: str) -> TemplateError:
        """The same, of what has this name."""
        return TemplateError(f"{name}: {self.detail}", line=self.line, column=self.column)

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else ""
        place += f", column {self.column}" if self.line and self.column else ""
        return f"{place}: {self.detail}" if place else self.detail


# Codes of DynamoDB for each part of a failed transaction
HELD = "None"  # the condition of this part held
REFUSED = "ConditionalCheckFailed"  # the condition did not hold
CONFLICT = "TransactionConflict"  # another transaction wrote the same item


@dataclass(frozen=True)
class PartResult:
    """The result of one part of a write: a code of DynamoDB, and the item it found, if it returns it."""

    code: str
    found: dict[str, Any] | None = None
    name: str | None = None

    @property
    def held(self) -> bool:
        return self.code == HELD

    @property
    def refused(self) -> bool:
        return self.code == REFUSED


class ConditionFailed(Exception):
    """A conditional write found a different state than expected. A write of one item has one part, without a name."""

    def __init__(self, *parts: PartResult) -> None:
        super().__init__(", ".join(part.code for part in parts) or "condition failed")
        self.parts = parts

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each part."""
        return tuple(part.code for part in self.parts)

    @property
    def failed(self) -> set[str | None]:
        """The names of the parts that did not hold."""
        return {part.name for part in self.parts if not part.held}

    @property
    def refused(self) -> bool:
        """Whether a condition did not hold; False if only another transaction conflicted."""
        return any(part.refused for part in self.parts)

    @property
    def found(self) -> dict[str, Any] | None:
        """The item that was found, for a write of one item."""
        return self.parts[0].found if self.parts else None

    def part(self, name: str) -> PartResult:
        """The outcome of the part with this name."""
        return next(part for part in self.parts if part.name == name)
