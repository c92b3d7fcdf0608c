"""The OpenAPI 3.1 document of an API, generated from its routes and models."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from fanfare.api.app import FORM, PROBLEM, Api, is_page
from fanfare.schemas.errors import ProblemView
from fanfare.schemas.subscriptions import SubscriptionItem
from fanfare.schemas.users import UserItem

REFERENCE: Final = "#/components/schemas/{model}"
REQUEST_ID: Final = {
    "x-request-id": {"description": "Finds this call in the log.", "schema": {"type": "string"}},
}
HEADERS: Final = REQUEST_ID | {
    "Location": {"description": "Where it can be read.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "The key made this message before: this is the first answer.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
# Who answers 202 with what beside the id
ACCEPTED_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "submit_message": ("Location", "Idempotency-Replayed"),
    "redrive_message": ("Location",),
}
# Names of our own: those of the standard library change from Python to Python.
FAULTS: Final = {
    400: ("Malformed", "The body is not JSON, or JSON on which parsers disagree."),
    401: ("Unauthorized", "There is no token, or it names nobody who can be a user here."),
    403: ("Forbidden", "Not signed, or by nobody who may call this."),
    404: ("NotFound", "There is no such thing."),
    409: ("Conflict", "Its state forbids it."),
    413: ("TooLarge", "The body has more than 256 KiB."),
    415: ("NotJson", "The body is not `application/json`."),
    422: ("Invalid", "Understood, but wrong: `errors` name each field."),
    429: ("TooMany", "Too much of it: allowed again later."),
    500: ("Broken", "Something went wrong here."),
    503: ("Unavailable", "Not available just now: try again."),
}
# What API Gateway answers itself, before the code is asked; its body can't be changed.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
BY_GATEWAY: Final = {401, 403, 429}
BY_GATEWAY_ALONE: Final = {403}
OF_GATEWAY: Final = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
# A page, and what its form may send. Browsers read pages, so their errors are pages too.
PAGE: Final[dict[int, OpenAPIResponse]] = {
    200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
}
ANSWERS: Final = {200: "Done.", 201: "Created.", 202: "Accepted.", 204: "Done."}
# Items of a bulk call are validated one by one, so no route refers to their models.
ITEMS: Final[tuple[type[BaseModel], ...]] = (UserItem, SubscriptionItem)


def answers(*faults: int, **views: Any) -> dict[int, OpenAPIResponse]:
    """What a route may answer: `answers(409, _200=TopicView, _201=TopicView)`."""
    found: dict[int, Any] = {
        int(name[1:]): {
            "description": ANSWERS[int(name[1:])],
            **({"content": {"application/json": {"model": view}}} if view is not None else {}),
        }
        for name, view in views.items()
    }
    return found | {status: {"description": FAULTS[status][1]} for status in faults}


def describe(
    api: Api,
    *,
    title: str,
    version: str,
    description: str,
    security: Mapping[str, Any],
    open_to_all: Collection[str] = (),
    forms: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The document. `open_to_all` are the paths without security, `forms` the fields that an operation's page posts."""
    document: dict[str, Any] = json.loads(api.get_openapi_json_schema(title=title, version=version))
    document["info"]["description"] = description
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["security"] = [{name: []} for name in security]
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    referred = json.dumps(document)
    items: list[type[BaseModel]] = [model for model in ITEMS if REFERENCE.format(model=model.__name__) in referred]
    further: list[type[BaseModel]] = [*items, ProblemView]
    for model in further:
        schema = model.model_json_schema(ref_template=REFERENCE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    document["components"] = {
        "schemas": dict(sorted(schemas.items())),
        "responses": {name: _problem(text, status) for status, (name, text) in FAULTS.items()},
        "headers": HEADERS,
        "securitySchemes": dict(security),
    }
    for route in api.routes:
        operation = document["paths"][route.openapi_path][route.method.lower()]
        if route.openapi_path in open_to_all:
            operation["security"] = []
        if form := (forms or {}).get(route.func.__name__):
            operation["requestBody"] = {"content": {FORM: {"schema": form}}}
        signed = "sigv4" in security
        _complete(operation, route, anybody=route.openapi_path in open_to_all or signed, signed=signed)
    _without_unused(document)
    document["paths"] = dict(sorted(document["paths"].items()))
    return _tidied(document)  # type: ignore[no-any-return]


def _without_unused(document: dict[str, Any]) -> None:
    used = json.dumps(document["paths"])
    for kind in ("responses", "headers"):
        known = document["components"][kind]
        document["components"][kind] = {
            name: each
            for name, each in known.items()
            if f'"#/components/{kind}/{name}"' in used or name == "x-request-id"
        }


def _complete(operation: dict[str, Any], route: Route, *, anybody: bool, signed: bool) -> None:
    summary, _, description = inspect.cleandoc(route.func.__doc__ or "").partition("\n\n")
    operation |= {"operationId": route.func.__name__, "summary": " ".join(summary.split())}
    if description:
        operation["description"] = " ".join(description.split())
    for parameter in operation.get("parameters", ()):
        _tidy(parameter)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["schema"] = _never_null(content["schema"])
    responses = {int(status): answer for status, answer in operation["responses"].items()}
    responses.pop(500, None)
    responses.pop(422, None)
    page = is_page(route)
    expected = {500, 503} if page else {422, 500, 503}
    expected |= set() if anybody else {401}
    expected |= {403} if signed else set()
    expected |= {404} if "{" in route.openapi_path else set()
    expected |= {400, 413} if page and route.method == "POST" else set()
    expected |= {400, 413, 415} if "requestBody" in operation else set()
    expected |= {status for status in responses if status >= 400}
    told: dict[str, Any] = {}
    for status in sorted(responses.keys() | expected):
        if status >= 400 and page:
            told[str(status)] = _page(FAULTS[status][1])
            continue
        if status >= 400:
            told[str(status)] = {"$ref": f"#/components/responses/{FAULTS[status][0]}"}
            continue
        headers = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
        for name in ACCEPTED_HEADERS.get(operation["operationId"], ()) if status == 202 else ():
            headers[name] = {"$ref": f"#/components/headers/{name}"}
        told[str(status)] = {"headers": headers, **responses[status]}
        if status == 204:  # not even `null`
            told["204"].pop("content", None)
    operation["responses"] = told


def _tidy(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    if parameter["in"] == "header":
        parameter["name"] = parameter["name"].title()
    schema.pop("description", None)  # it stands beside the schema
    parameter["schema"] = _never_null(schema)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter or a body is left out, never null."""
    if {"type": "null"} not in schema.get("anyOf", ()):
        return schema
    (kind,) = (each for each in schema["anyOf"] if each != {"type": "null"})
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kind}


def _tidied(part: Any, *, names: bool = False) -> Any:
    """Without the titles that Pydantic makes of names, and with whole numbers whole.

    `names`: the keys of `part` are names of the API, not words of JSON Schema.
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
    """A problem; for browsers, a page."""
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
