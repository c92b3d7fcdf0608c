"""Calls a route: validates what it takes, and serializes what it returns, by the fields that Powertools declares.

Powertools' own resolver takes a tenth of a POST more: docs/decisions/0037-routes-are-called-in-one-pass.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.compat import ModelField, get_missing_field_error
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from fanfare.api.requests import headers_of
from fanfare.api.responses import in_form
from fanfare.json_text import written

JSON: Final = "application/json"


def called(route: Route, event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """The response of the route to an admitted event, in the form of API Gateway.

    Raises RequestValidationError with each invalid parameter and field, what the route raises, and
    ResponseValidationError if that is not of the declared type.
    """
    returned = route.func(**_arguments(route, event))
    response = returned if isinstance(returned, Response) else Response(200, JSON, returned)
    body = _serialized(route, response.body)
    if response.is_json() and not isinstance(body, str):
        body = written(body, half_pairs=True)
    return in_form(response, body)


def _arguments(route: Route, event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """The route's arguments by name."""
    arguments: dict[str, Any] = {}
    errors: list[Mapping[str, Any]] = []
    for place, field, value in _values(route, event):
        if value is not None:
            arguments[field.name], wrong = field.validate(value, loc=place)
            errors += wrong or ()
        elif field.required:
            errors.append(get_missing_field_error(place))
        else:
            arguments[field.name] = field.get_default()
    if errors:
        raise RequestValidationError(errors)
    return arguments


def _values(route: Route, event: APIGatewayProxyEventV2) -> Iterator[tuple[tuple[str, ...], ModelField, Any]]:
    """Each field of the route, with its place in the request and the value there; None if there is none."""
    taken = route.dependant
    if taken.path_params and (in_path := route.rule.match(event.path)):
        for field in taken.path_params:
            yield ("path", field.alias), field, in_path[field.alias]
    if taken.query_params:
        query = event.get("queryStringParameters") or {}
        repeated = _repeated(event) if query else ()
        for field in taken.query_params:
            value = query.get(field.alias)
            yield ("query", field.alias), field, value.split(",") if value and field.alias in repeated else value
    if taken.header_params:
        headers = headers_of(event)
        for field in taken.header_params:
            yield ("header", field.alias), field, headers.get(field.alias)
    for field in taken.body_params:
        yield ("body",), field, event.json_body


def _repeated(event: Mapping[str, Any]) -> Collection[str]:
    """The parameters that a query has more than once; API Gateway joins their values with commas."""
    times = Counter(name for name, _ in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))
    return {name for name, number in times.items() if number > 1}


def _serialized(route: Route, body: Any) -> Any:
    """What the route returned, in JSON types."""
    field = route.dependant.return_param
    if field is None:
        raise TypeError(f"{route.func.__name__} declares no type that it returns")
    value, errors = field.validate(body, loc=("response",))
    if errors:
        raise ResponseValidationError(errors=errors, body=body, source="app")
    return field.serialize(value)
