"""Errors as API callers get them: RFC 9457 problems, with a pointer to each invalid field.

A pointer is a JSON pointer (RFC 6901) into the body, e.g. `/recipients/3`; `?limit` is a query
parameter, `{user_id}` a part of the path, `Idempotency-Key:` a header.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.transactions import passing
from fanfare.domain.message import KeyReused
from fanfare.errors import ConditionFailed, FanfareError, Fault, Invalid, MethodNotAllowed, Unavailable
from fanfare.schemas.errors import code_and_detail, fault_document, faults

PROBLEM: Final = "application/problem+json"
FAULTS_LIMIT: Final = 100  # per response
# AWS was busy or failed: the caller may retry. Other AWS errors are bugs of ours.
BUSY: Final = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionConflictException",
}


class OtherMethod(MethodNotAllowed):
    """The path exists, but not with this method."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Method not allowed. Allowed methods: {', '.join(allowed)}.")
        self.allowed = allowed


def translated(error: Exception, logger: Logger) -> FanfareError:
    """The error as the caller gets it. Errors that the caller did not cause are logged."""
    if isinstance(error, FanfareError):
        return error
    if isinstance(error, KeyReused):
        pointer = parameter("header", "idempotency-key")
        return Invalid(
            "Idempotency-Key was already used with a different request body. Use a new key.",
            code="idempotency_key_reused",
            errors=[Fault(pointer, "idempotency_key_reused", "Already used with a different request body.")],
        )
    if isinstance(error, RequestValidationError):
        return Invalid("Request has invalid fields.", errors=request_faults(error.errors()))
    if isinstance(error, ConditionFailed):
        return Unavailable("Concurrent update; retry the request.")
    if isinstance(error, BotoCoreError) or (isinstance(error, ClientError) and is_busy(error)):
        logger.exception("AWS did not answer")
        return Unavailable("Temporarily unavailable; retry the request.")
    if isinstance(error, ResponseValidationError):  # its text contains the response body, which must not be logged
        places = [(fault["loc"], fault["type"]) for fault in error.errors()]
        logger.error("response does not match its schema", places=places)
    else:
        logger.exception("unexpected")
    return FanfareError("Internal error. The service log has details under the x-request-id of this response.")


def problem(error: FanfareError, *, instance: str) -> dict[str, Any]:
    """The error as `application/problem+json`."""
    return {
        "type": f"urn:fanfare:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "errors": [fault_document(fault) for fault in error.errors[:FAULTS_LIMIT]],
        "retryable": error.retryable,
    }


def problem_headers(error: FanfareError) -> dict[str, str]:
    """Headers of the response to this error: `Allow`, `Retry-After` (seconds)."""
    headers: dict[str, str] = {}
    if isinstance(error, OtherMethod):
        headers["Allow"] = ", ".join(error.allowed)
    if error.retryable:
        headers["Retry-After"] = str(error.retry_after)
    return headers


def request_faults(errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Faults of a request from Pydantic's errors, whose location begins with `body`, `query`, `path` or `header`."""
    found = []
    for error in errors:
        part, *steps = error["loc"]
        if part == "body":
            found += faults([{**error, "loc": steps}])
        else:
            found.append(Fault(parameter(part, str(steps[0])), *code_and_detail(error)))
    return found


def parameter(part: str, name: str) -> str:
    """The pointer of a parameter, which is not in the body."""
    if part == "query":
        return f"?{name}"
    if part == "path":
        return f"{{{name}}}"
    return f"{name.title()}:"


def is_busy(error: ClientError) -> bool:
    """Whether the same call may succeed if it is repeated."""
    if not passing(error):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in BUSY or status >= 500
