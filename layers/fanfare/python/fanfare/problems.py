"""Errors as a caller reads them: RFC 9457 problems, with a pointer to each field that is wrong.

A pointer is a JSON pointer (RFC 6901) into the body, as `/recipients/3`; `?limit` is a query
parameter, `{user_id}` a part of the path, `Idempotency-Key:` a header.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .errors import FanfareError, Fault

FAULTS_LIMIT: Final = 100  # named in one answer

# Pydantic's words for what is wrong, in ours. https://docs.pydantic.dev/latest/errors/validation_errors/
CODES: Final[dict[str, str]] = {
    "bool_type": "wrong_type",
    "dict_type": "wrong_type",
    "enum": "not_allowed",
    "extra_forbidden": "unknown_field",
    "greater_than_equal": "too_small",
    "int_from_float": "wrong_type",
    "int_parsing": "wrong_type",
    "int_type": "wrong_type",
    "less_than_equal": "too_large",
    "list_type": "wrong_type",
    "literal_error": "not_allowed",
    "model_attributes_type": "wrong_type",
    "model_type": "wrong_type",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "string_type": "wrong_type",
    "tuple_type": "wrong_type",
}


def problem(error: FanfareError, *, instance: str) -> dict[str, Any]:
    """The error as `application/problem+json`."""
    return {
        "type": f"urn:fanfare:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "errors": [_fault(fault) for fault in error.errors[:FAULTS_LIMIT]],
        "retryable": error.retryable,
    }


def item_error(error: FanfareError) -> dict[str, Any]:
    """The error of one item of a bulk call."""
    return {"code": error.code, "detail": error.detail, "errors": [_fault(fault) for fault in error.errors]}


def faults(errors: Iterable[Mapping[str, Any]], *, at: str = "") -> list[Fault]:
    """What Pydantic found wrong, each with the pointer of its field below `at`."""
    return [Fault(at + _pointer(error), *_code_and_detail(error)) for error in errors]


def request_faults(errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """The same for a whole request, where the place begins with the part of the request."""
    found = []
    for error in errors:
        part, *steps = error["loc"]
        if part == "body":
            found += faults([{**error, "loc": steps}])
        else:
            found.append(Fault(parameter(part, str(steps[0])), *_code_and_detail(error)))
    return found


def parameter(part: str, name: str) -> str:
    """The pointer of what is not in the body."""
    if part == "query":
        return f"?{name}"
    if part == "path":
        return f"{{{name}}}"
    return f"{name.title()}:"


def escaped(step: object) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")


def _pointer(error: Mapping[str, Any]) -> str:
    # Pydantic adds "[key]" where the key of an object is wrong, not its value
    steps = "".join(f"/{escaped(step)}" for step in error["loc"] if step != "[key]")
    further: str = (error.get("ctx") or {}).get("pointer", "")
    return steps + further


def _code_and_detail(error: Mapping[str, Any]) -> tuple[str, str]:
    code = CODES.get(error["type"], error["type"])
    context = error.get("ctx") or {}
    if code == "unknown_field":
        return code, "there is no such field"
    if error["type"] in ("too_short", "too_long"):  # Pydantic names the Python type
        bound = f"at least {context['min_length']}" if code == "too_short" else f"at most {context['max_length']}"
        return code, f"should have {bound} items"
    if error["type"] in ("list_type", "tuple_type"):
        return code, "should be an array"
    if error["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return code, "should be an object"
    return code, str(error["msg"]).replace("Input should", "should").replace("Field required", "is required")


def _fault(fault: Fault) -> dict[str, str]:
    return {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
