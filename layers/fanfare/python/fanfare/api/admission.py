"""Admission of a request: the method is allowed, all parameters and fields are known, the body is JSON."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from fanfare.api.problems import OtherMethod, parameter
from fanfare.api.requests import (
    AS_FORM,
    form_of,
    headers_of,
    is_form,
    is_json,
    json_object,
    method_of,
    raw_body,
    text_of,
)
from fanfare.errors import Fault, Invalid, MalformedRequest, NotFound, UnsupportedMediaType
from fanfare.json_pointer import escaped


class OpenEnded:
    """Patterns after which the rest of a path is one name: an e-mail address may contain a slash."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(f"({each})(.+)") for each in patterns]

    def escape(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event with that name percent-encoded, since the router decodes it, and API Gateway has done so, too."""
        path = str(event.get("rawPath", ""))
        found = next((match for each in self._patterns if (match := each.fullmatch(path))), None)
        return event if found is None else {**event, "rawPath": found[1] + quote(found[2], safe="")}


def admitted(event: Mapping[str, Any], route: Route, *, forms: Collection[str] = ()) -> dict[str, Any]:
    """The event as the route gets it. Raises FanfareError if it may not get it.
    `forms`: functions of routes that take a form; one that also takes JSON gets the form's fields as JSON."""
    if is_page(route):  # mail clients add parameters of their own to links, and post forms
        raw_body(event)
        return dict(event)
    _check_query(event, route)
    headers = headers_of(event)
    if takes_form(route, forms) and is_form(event):
        return _as_json(event, headers)
    if not route.dependant.body_params:
        _check_no_fields(event, headers)
        return {**event, "body": None, "isBase64Encoded": False}
    if _needs_no_body(route) and not raw_body(event).strip():
        without_type = {name: value for name, value in headers.items() if name != "content-type"}
        return {**event, "headers": without_type, "body": None, "isBase64Encoded": False}
    raw = raw_body(event)
    if not raw.strip():
        raise MalformedRequest("Request body is missing. Send a JSON object.")
    body = text_of(raw)
    if not is_json(headers.get("content-type"), patch=route.method == "PATCH"):
        raise UnsupportedMediaType("Unsupported Content-Type. Send application/json in UTF-8.")
    headers["content-type"] = "application/json"
    return {**event, "headers": headers, "body": body, "isBase64Encoded": False}


def path_of(event: Mapping[str, Any]) -> str:
    """The path of the request, without the stage."""
    return APIGatewayProxyEventV2(dict(event)).path


def route_of(event: Mapping[str, Any], at_path: Sequence[Route]) -> Route:
    """The route for the method. Raises NotFound, OtherMethod."""
    for route in at_path:
        if route.method == method_of(event):
            return route
    if not at_path:
        raise NotFound("No such endpoint.")
    raise OtherMethod(sorted({route.method for route in at_path}))


def declared_path(at_path: Sequence[Route]) -> str | None:
    """The path as declared in the route, without ids: safe to log. None if there is no route."""
    return at_path[0].openapi_path if at_path else None


@functools.cache
def is_page(route: Route) -> bool:
    """Whether the route answers with an HTML page, and with nothing else."""
    answered: Mapping[int, Mapping[str, Any]] = route.responses or {}
    contents = [answer.get("content", {}) for answer in answered.values()]
    return any("text/html" in content and "application/json" not in content for content in contents)


def takes_form(route: Route, forms: Collection[str]) -> bool:
    """Whether the route takes a form in addition to JSON."""
    return route.func.__name__ in forms and not is_page(route)


def _as_json(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The event with its form as JSON. Browsers send fields that were left empty."""
    fields = {name: values[-1] for name, values in form_of(event).items() if values[-1]}
    return {
        **event,
        "headers": {**headers, "content-type": "application/json"},
        "body": json.dumps(fields),
        "isBase64Encoded": False,
        AS_FORM: True,
    }


def _needs_no_body(route: Route) -> bool:
    """Whether the body is optional."""
    return not any(field.required for field in route.dependant.body_params)


def _check_query(event: Mapping[str, Any], route: Route) -> None:
    known = {field.alias for field in route.dependant.query_params}
    asked = dict.fromkeys(name for name, _ in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))
    unknown = [name for name in asked if name not in known]
    if unknown:
        detail = "Unknown parameter." + (f" Known parameters: {', '.join(sorted(known))}." if known else "")
        errors = [Fault(parameter("query", name), "unknown_parameter", detail) for name in unknown]
        raise Invalid("Request has unknown parameters.", errors=errors)


def _check_no_fields(event: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """A call that takes no body accepts an empty body, or an object without fields."""
    raw = raw_body(event)
    if not raw.strip() or not is_json(headers.get("content-type")):
        return
    errors = [
        Fault(f"/{escaped(name)}", "unknown_field", "Unknown field. This call takes no body.")
        for name in json_object(text_of(raw))
    ]
    if errors:
        raise Invalid("Request has unknown fields.", errors=errors)
