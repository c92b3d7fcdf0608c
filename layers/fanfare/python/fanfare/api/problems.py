"""Errors as a caller reads them: RFC 9457 problems, with a pointer to each field that is wrong.

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
FAULTS_LIMIT: Final = 100  # named in one answer
# AWS was busy or broke: the caller may try again. Other errors of AWS are ours.
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
    """The path takes other methods."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"this path takes {', '.join(allowed)}")
        self.allowed = allowed


def translated(error: Exception, logger: Logger) -> FanfareError:
    """The error as the caller gets it. What is not the caller's fault is logged."""
    if isinstance(error, FanfareError):
        return error
    if isinstance(error, KeyReused):
        pointer = parameter("header", "idempotency-key")
        return Invalid(
            "this key came with another body before; take a new one",
            code="idempotency_key_reused",
            errors=[Fault(pointer, "idempotency_key_reused", "came with another body before")],
        )
    if isinstance(error, RequestValidationError):
        return Invalid("the request has fields that are wrong", errors=request_faults(error.errors()))
    if isinstance(error, ConditionFailed):
        return Unavailable("others are writing the same; try again")
    if isinstance(error, BotoCoreError) or (isinstance(error, ClientError) and is_busy(error)):
        logger.exception("AWS did not answer")
        return Unavailable("not available just now; try again")
    if isinstance(error, ResponseValidationError):  # its text has what was to be answered: not for the log
        places = [(fault["loc"], fault["type"]) for fault in error.errors()]
        logger.error("the answer is not what was promised", places=places)
    else:
        logger.exception("unexpected")
    return FanfareError("something went wrong here; the request id finds it in the log")


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
    """The headers that go with it."""
    headers: dict[str, str] = {}
    if isinstance(error, OtherMethod):
        headers["Allow"] = ", ".join(error.allowed)
    if error.retryable:
        headers["Retry-After"] = str(error.retry_after)
    return headers


def request_faults(errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """What Pydantic found wrong in a whole request, whose place begins with the part of the request."""
    found = []
    for error in errors:
        part, *steps = error["loc"]
        if part == "body":
            found += faults([{**error, "loc": steps}])
        else:
            found.append(Fault(parameter(part, str(steps[0])), *code_and_detail(error)))
    return found


def parameter(part: str, name: str) -> str:
    """The pointer of what is not in the body."""
    if part == "query":
        return f"?{name}"
    if part == "path":
        return f"{{{name}}}"
    return f"{name.title()}:"


def is_busy(error: ClientError) -> bool:
    """Whether AWS may do it the next time."""
    if not passing(error):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in BUSY or status >= 500
