"""Errors in the API: of a request, of an item of a bulk call, and of a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import (
    ConfigDict,
)

from fanfare.errors import FanfareError, Fault
from fanfare.json_pointer import escaped
from fanfare.schemas.scalars import View


class FaultView(View):
    """An error in the request: its place, a stable code, and what to do."""

    pointer: str
    code: str
    detail: str


class WarningView(View):
    """What is likely to be wrong with content or a message that can be sent."""

    code: str
    pointer: str
    detail: str


class ItemErrorView(View):
    """Why an item was rejected."""

    code: str
    detail: str
    errors: Sequence[FaultView]


class ProblemView(View):
    """An error (RFC 9457). `code` is stable; `errors` lists the invalid fields of a request.

    A `pointer` is a JSON pointer (RFC 6901) into the body, e.g. `/recipients/3`; `?limit` is a query
    parameter, `{user_id}` a part of the path, `Idempotency-Key:` a header.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:fanfare:problem:invalid_request",
                    "title": "Invalid request",
                    "status": 422,
                    "detail": "Request has invalid fields.",
                    "instance": "/v1/messages",
                    "code": "invalid_request",
                    "errors": [{"pointer": "/recipients/3", "code": "wrong_type", "detail": "Must be a valid string."}],
                    "retryable": False,
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: Sequence[FaultView] = ()
    retryable: bool


# Pydantic's error type → code of the API. https://docs.pydantic.dev/latest/errors/validation_errors/
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


def item_error(error: FanfareError) -> dict[str, Any]:
    """The error of one item of a bulk call, as JSON."""
    return {"code": error.code, "detail": error.detail, "errors": [fault_document(fault) for fault in error.errors]}


def faults(errors: Iterable[Mapping[str, Any]], *, at: str = "") -> list[Fault]:
    """Faults from Pydantic's errors; pointers are prefixed with `at`."""
    found = [(error["type"], Fault(at + _pointer(error), *code_and_detail(error))) for error in errors]
    places = [fault.pointer for _, fault in found]
    # Pydantic counts only the valid items of an array, so one with a wrong item is too short for it as well
    return [
        fault
        for kind, fault in found
        if kind != "too_short" or not any(place.startswith(f"{fault.pointer}/") for place in places)
    ]


ONE_OF: Final = "one of: "  # before the tags of a union, which Pydantic adds to the place


def _pointer(error: Mapping[str, Any]) -> str:
    # Pydantic adds "[key]" if the key of an object is invalid, not its value
    steps = "".join(f"/{escaped(step)}" for step in error["loc"] if step != "[key]" and not _is_tag(step))
    further: str = (error.get("ctx") or {}).get("pointer", "")
    return steps + further


def _is_tag(step: str | int) -> bool:
    return isinstance(step, str) and step.startswith(ONE_OF)


def code_and_detail(error: Mapping[str, Any]) -> tuple[str, str]:
    code = CODES.get(error["type"], error["type"])
    context = error.get("ctx") or {}
    if code == "unknown_field":
        return code, "Unknown field."
    if error["type"] in ("too_short", "too_long"):  # Pydantic names the Python type
        bound = f"at least {context['min_length']}" if code == "too_short" else f"at most {context['max_length']}"
        return code, f"Number of items must be {bound}."
    if error["type"] in ("list_type", "tuple_type"):
        return code, "Must be an array."
    if error["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return code, "Must be an object."
    detail = str(error["msg"]).replace("Field required", "Field is required")
    return code, re.sub("^(Input|String) should", "Must", detail).rstrip(".") + "."


def fault_document(fault: Fault) -> dict[str, str]:
    return {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
