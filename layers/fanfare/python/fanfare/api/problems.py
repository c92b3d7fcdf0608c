"""Errors as a caller reads them: RFC 9457 problems, with a pointer to each field that is wrong.

A pointer is a JSON pointer (RFC 6901) into the body, as `/recipients/3`; `?limit` is a query
parameter, `{user_id}` a part of the path, `Idempotency-Key:` a header.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fanfare.errors import FanfareError, Fault
from fanfare.schemas.errors import code_and_detail, fault_document, faults

FAULTS_LIMIT: Final = 100  # named in one answer


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


def request_faults(errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """The same for a whole request, where the place begins with the part of the request."""
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
