"""The OpenAPI 3.1 document of an API, generated from its routes and models."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from .http import PROBLEM, Api
from .models import ProblemView, SubscriptionItem, UserItem

REFERENCE: Final = "#/components/schemas/{model}"
REQUEST_ID: Final = {
    "x-request-id": {"description": "Finds this call in the log.", "schema": {"type": "string"}},
}
# Names of our own: those of the standard library change from Python to Python.
FAULTS: Final = {
    400: ("Malformed", "The body is not JSON, or JSON on which parsers disagree."),
    404: ("NotFound", "There is no such thing."),
    409: ("Conflict", "Its state forbids it."),
    413: ("TooLarge", "The body has more than 256 KiB."),
    415: ("NotJson", "The body is not `application/json`."),
    422: ("Invalid", "Understood, but wrong: `errors` name each field."),
    500: ("Broken", "Something went wrong here."),
    503: ("Unavailable", "Not available just now: try again."),
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


def describe(api: Api, *, title: str, version: str, description: str, security: Mapping[str, Any]) -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = json.loads(api.get_openapi_json_schema(title=title, version=version))
    document["info"]["description"] = description
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["security"] = [{name: []} for name in security]
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    further: tuple[type[BaseModel], ...] = (*ITEMS, ProblemView)
    for model in further:
        schema = model.model_json_schema(ref_template=REFERENCE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    document["components"] = {
        "schemas": dict(sorted(schemas.items())),
        "responses": {name: _problem(text) for name, text in FAULTS.values()},
        "headers": {
            "x-request-id": REQUEST_ID["x-request-id"],
            "Location": {"description": "Where it can be read.", "schema": {"type": "string"}},
            "Idempotency-Replayed": {
                "description": "The key made this message before: this is the first answer.",
                "schema": {"type": "string", "enum": ["true"]},
            },
        },
        "securitySchemes": dict(security),
    }
    for route in api.routes:
        _complete(document["paths"][route.openapi_path][route.method.lower()], route)
    document["paths"] = dict(sorted(document["paths"].items()))
    return _tidied(document)  # type: ignore[no-any-return]


def _complete(operation: dict[str, Any], route: Route) -> None:
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
    expected = {422, 500, 503}
    expected |= {404} if "{" in route.openapi_path else set()
    expected |= {400, 413, 415} if "requestBody" in operation else set()
    expected |= {status for status in responses if status >= 400}
    told: dict[str, Any] = {}
    for status in sorted(responses.keys() | expected):
        if status >= 400:
            told[str(status)] = {"$ref": f"#/components/responses/{FAULTS[status][0]}"}
            continue
        headers = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
        if status == 202:
            headers["Location"] = {"$ref": "#/components/headers/Location"}
        if operation["operationId"] == "submit_message" and status == 202:
            headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/Idempotency-Replayed"}
        told[str(status)] = {"headers": headers, **responses[status]}
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


def _problem(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "headers": {"x-request-id": {"$ref": "#/components/headers/x-request-id"}},
        "content": {PROBLEM: {"schema": {"$ref": REFERENCE.format(model="ProblemView")}}},
    }
