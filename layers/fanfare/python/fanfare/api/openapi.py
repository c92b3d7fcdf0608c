"""The OpenAPI 3.1 document of an API, generated from its routes and models."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from fanfare.api.admission import is_page
from fanfare.api.problems import PROBLEM
from fanfare.api.requests import FORM, MERGE_PATCH
from fanfare.data_classes import dataclass
from fanfare.schemas.errors import ProblemView
from fanfare.schemas.subscriptions import SubscriptionItem
from fanfare.schemas.suppressions import SuppressionItem
from fanfare.schemas.users import UserItem

REFERENCE: Final = "#/components/schemas/{model}"
REQUEST_ID: Final = {
    "x-request-id": {"description": "Identifies this request in the service log.", "schema": {"type": "string"}},
}
HEADERS: Final = REQUEST_ID | {
    "ETag": {"description": "Version of the document; for `If-Match`.", "schema": {"type": "string"}},
    "Location": {"description": "Path of the message.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "The key was used before with the same body: this is the response to the first request.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
# Further headers, by operation and status
HEADERS_OF: Final[Mapping[tuple[str, int], tuple[str, ...]]] = {
    ("submit_message", 202): ("Location", "Idempotency-Replayed"),
    ("redrive_message", 202): ("Location",),
    ("show_my_preferences", 200): ("ETag",),
    ("put_my_preferences", 200): ("ETag",),
}
# Our own names: those of the standard library differ between versions of Python.
FAULTS: Final = {
    400: ("Malformed", "The body is not valid JSON, or it is ambiguous, e.g. by a duplicate key."),
    401: ("Unauthorized", "The token is missing or invalid, or has no valid user id."),
    403: ("Forbidden", "The request is not signed, or the caller may not call this API."),
    404: ("NotFound", "The resource does not exist."),
    409: ("Conflict", "The state of the resource does not allow the request."),
    410: ("Gone", "What was asked for is no longer kept."),
    412: ("NotAsRead", "The resource has changed since it was read. Read it again."),
    413: ("TooLarge", "The body is larger than 256 KiB."),
    415: ("NotJson", "The body is not `application/json`."),
    422: ("Invalid", "The request is invalid: `errors` lists the fields."),
    428: ("IfMatchMissing", "`If-Match` is missing. Send the `ETag` of the GET."),
    429: ("TooMany", "Too many requests. Retry later."),
    500: ("Broken", "Internal error."),
    503: ("Unavailable", "Temporarily unavailable. Retry the request."),
}
# Statuses that API Gateway returns before our code runs; their body can't be changed.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
BY_GATEWAY: Final = {401, 403, 429}
BY_GATEWAY_ALONE: Final = {403}
OF_GATEWAY: Final = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
# HTML pages. Browsers show them, so their errors are pages too.
PAGE: Final[dict[int, OpenAPIResponse]] = {
    200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
}
ANSWERS: Final = {200: "Done.", 201: "Created.", 202: "Accepted.", 204: "Done."}
UNCHANGED: Final = {"description": "The client has this version: `If-None-Match` names its `ETag`."}
# Items of a bulk call are validated one by one, so no route refers to their models.
ITEMS: Final[tuple[type[BaseModel], ...]] = (UserItem, SubscriptionItem, SuppressionItem)


def answers(*faults: int, **views: Any) -> dict[int, OpenAPIResponse]:
    """Responses of a route by status: `answers(409, _200=TopicView, _201=TopicView)`."""
    found: dict[int, Any] = {
        int(name[1:]): {
            "description": ANSWERS[int(name[1:])],
            **({"content": {"application/json": {"model": view}}} if view is not None else {}),
        }
        for name, view in views.items()
    }
    return found | {status: {"description": FAULTS[status][1]} for status in faults}


@dataclass(frozen=True, kw_only=True)
class About:
    """Parts of the document that are not in the routes. `open_to_all`: paths without security. `forms`: operation →
    schema of the form that its page posts. `cached`: paths of public documents, which are the same for everybody."""

    title: str
    description: str
    security: Mapping[str, Any]
    open_to_all: Collection[str] = ()
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cached: Collection[str] = ()


def describe(document: dict[str, Any], routes: Sequence[Route], about: About) -> dict[str, Any]:
    """The published document, from the one that Powertools generated from the routes."""
    document["info"] |= {"version": "1", "description": about.description}
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["security"] = [{name: []} for name in about.security]
    document["components"] = {
        "schemas": dict(sorted(_schemas(document).items())),
        "responses": {name: _problem(text, status) for status, (name, text) in FAULTS.items()},
        "headers": HEADERS,
        "securitySchemes": dict(about.security),
    }
    for route in routes:
        operation = document["paths"][route.openapi_path][route.method.lower()]
        if route.openapi_path in about.open_to_all:
            operation["security"] = []
        if form := about.forms.get(route.func.__name__):
            operation.setdefault("requestBody", {"content": {}})["content"][FORM] = {"schema": form}
        if route.method == "PATCH":
            taken = operation["requestBody"]["content"]
            taken[MERGE_PATCH] = {**taken["application/json"]}
        _complete(operation, route, about)
        if route.openapi_path in about.cached:
            operation["responses"]["304"] = UNCHANGED
    _without_unused(document)
    document["paths"] = dict(sorted(document["paths"].items()))
    return _tidied(document)  # type: ignore[no-any-return]


def _schemas(document: Mapping[str, Any]) -> dict[str, Any]:
    """Schemas of the routes, and those that no route refers to."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    referred = json.dumps(document)
    items: list[type[BaseModel]] = [model for model in ITEMS if REFERENCE.format(model=model.__name__) in referred]
    further: list[type[BaseModel]] = [*items, ProblemView]
    for model in further:
        schema = model.model_json_schema(ref_template=REFERENCE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    return schemas


def _without_unused(document: dict[str, Any]) -> None:
    used = json.dumps(document["paths"])
    for kind in ("responses", "headers"):
        known = document["components"][kind]
        document["components"][kind] = {
            name: each
            for name, each in known.items()
            if f'"#/components/{kind}/{name}"' in used or name == "x-request-id"
        }


def _complete(operation: dict[str, Any], route: Route, about: About) -> None:
    """Set texts (from the function's docstring), parameters and all possible responses of an operation."""
    summary, _, description = inspect.cleandoc(route.func.__doc__ or "").partition("\n\n")
    operation |= {"operationId": route.func.__name__, "summary": " ".join(summary.split())}
    if description:
        operation["description"] = " ".join(description.split())
    for parameter in operation.get("parameters", ()):
        _tidy(parameter)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["schema"] = _never_null(content["schema"])
    declared = {int(status): answer for status, answer in operation["responses"].items()}
    declared = {status: answer for status, answer in declared.items() if status not in (422, 500)}
    refusals = _refusals(operation, route, about) | {status for status in declared if status >= 400}
    operation["responses"] = {
        str(status): _refusal(status, route)
        if status in refusals
        else _answer(status, declared[status], operation["operationId"])
        for status in sorted(declared.keys() | refusals)
    }


def _refusals(operation: Mapping[str, Any], route: Route, about: About) -> set[int]:
    """Error statuses that an operation may return by its kind alone."""
    page, signed = is_page(route), "sigv4" in about.security
    found = {500, 503} if page else {422, 500, 503}
    if not signed and route.openapi_path not in about.open_to_all:
        found |= {401}
    if signed:
        found |= {403}
    if "{" in route.openapi_path:
        found |= {404}
    if page and route.method == "POST":
        found |= {400, 413}
    if "requestBody" in operation:
        found |= {400, 413, 415}
    return found


def _refusal(status: int, route: Route) -> dict[str, Any]:
    name, text = FAULTS[status]
    return _page(text) if is_page(route) else {"$ref": f"#/components/responses/{name}"}


def _answer(status: int, declared: Mapping[str, Any], operation_id: str) -> dict[str, Any]:
    headers = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
    for name in HEADERS_OF.get((operation_id, status), ()):
        headers[name] = {"$ref": f"#/components/headers/{name}"}
    found = {"headers": headers, **declared}
    if status == 204:  # no body, not even `null`
        found.pop("content", None)
    return found


def _tidy(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    if parameter["in"] == "header":
        parameter["name"] = parameter["name"].title()
    schema.pop("description", None)  # the parameter has it
    parameter["schema"] = _never_null(schema)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without null: a parameter or body is left out, never null."""
    if {"type": "null"} not in schema.get("anyOf", ()):
        return schema
    (kind,) = (each for each in schema["anyOf"] if each != {"type": "null"})
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kind}


def _tidied(part: Any, *, names: bool = False) -> Any:
    """The document without titles that Pydantic generates from names, and with integers instead of 1.0.

    `names`: the keys of `part` are names of the API, not keywords of JSON Schema.
    """
    if isinstance(part, list):
        return [_tidied(each) for each in part]
    if isinstance(part, float) and part.is_integer():
        return int(part)
    if not isinstance(part, dict):
        return part
    generated = not names and isinstance(part.get("title"), str) and "version" not in part
    return {
        name: each if name in ("example", "examples") and not names else _tidied(each, names=name == "properties")
        for name, each in part.items()
        if not (generated and name == "title")
    }


def _page(text: str) -> dict[str, Any]:
    """An error: an HTML page for browsers, a problem for other clients."""
    answer = _problem(text)
    return {**answer, "content": {"text/html": {"schema": {"type": "string"}}, **answer["content"]}}


def _problem(text: str, status: int | None = None) -> dict[str, Any]:
    if status in BY_GATEWAY_ALONE:
        return {"description": text, "content": {"application/json": {"schema": OF_GATEWAY}}}
    return {
        "description": text,
        "headers": {"x-request-id": {"$ref": "#/components/headers/x-request-id"}},
        "content": {PROBLEM: {"schema": {"$ref": REFERENCE.format(model="ProblemView")}}}
        | ({"application/json": {"schema": OF_GATEWAY}} if status in BY_GATEWAY else {}),
    }
