"""A route gets from `called` what Powertools' own resolver gives it, and is answered alike: that one is the oracle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from fanfare.api.calls import called
from fanfare.api.responses import json_response, no_content
from fanfare.schemas.scalars import Request, View

CONTEXT: Any = None


class Thing(Request):
    title: str
    places: tuple[int, ...] = ()


class ThingView(View):
    title: str
    seen: list[Any]


class Library(APIGatewayHttpResolver):
    """Powertools' resolver, with the errors as it raises them."""

    def __init__(self) -> None:
        super().__init__(enable_validation=True, response_validation_error_http_code=500)
        self.errors: list[Any] = []
        self.exception_handler([RequestValidationError, ResponseValidationError])(self._keep)

    def _keep(self, error: RequestValidationError | ResponseValidationError) -> Response[str]:
        self.errors = [(type(error), tuple(each["loc"]), each["type"], each["msg"]) for each in error.errors()]
        return Response(status_code=422, content_type="application/json", body="{}")


library = Library()


@library.post("/things/<thing_id>/<part>")
def post_thing(
    thing: Thing,
    thing_id: Annotated[str, Path()],
    part: Annotated[int, Path()],
    dry: Annotated[bool, Query(alias="dry_run")] = False,
    limit: Annotated[int, Query(ge=1)] = 10,
    name: Annotated[str | None, Query()] = None,
    match: Annotated[str | None, Header(alias="If-Match")] = None,
) -> ThingView:
    return ThingView(title=thing.title, seen=[thing.places, thing_id, part, dry, limit, name, match])


@library.post("/needy")
def post_needy(
    thing: Thing, name: Annotated[str, Query()], since: Annotated[int, Header(alias="Since")]
) -> Response[ThingView]:
    return json_response(202, ThingView(title=thing.title, seen=[name, since]), {"Location": "/things/1"})


@library.post("/wrong")
def post_wrong(name: Annotated[str, Query()] = "") -> ThingView:
    wrong: Any = {"title": 5, "seen": "none", "name": name}
    return wrong  # type: ignore[no-any-return]


@library.post("/page")
def post_page() -> Response[str]:
    return Response(status_code=200, content_type="text/html", body="<p>Hé</p>", headers={"X-Robots-Tag": "noindex"})


@library.post("/gone")
def post_gone() -> Response[None]:
    return no_content()


BODY = {"title": "Ünder", "places": [1, 2]}


def event_of(path: str, query: str, headers: Mapping[str, str], body: Any) -> dict[str, Any]:
    """As API Gateway sends it: of a parameter or header that comes twice, the values are joined by commas."""
    names: dict[str, list[str]] = {}
    for each in filter(None, query.split("&")):
        name, _, value = each.partition("=")
        names.setdefault(name, []).append(value)
    return {
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": {name: ",".join(values) for name, values in names.items()},
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {"stage": "$default", "requestId": "1", "http": {"method": "POST", "path": path}},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("path", "query", "headers", "body"),
    [
        ("/things/ada/3", "", {}, BODY),
        ("/things/a%2Fb/3", "dry_run=true&limit=2&name=x", {"if-match": '"1", "2"'}, BODY),
        ("/things/ada/3", "name=a,b", {"If-Match": "*"}, BODY),
        ("/things/ada/3", "name=", {}, BODY),
        ("/things/ada/three", "dry_run=maybe&limit=0", {}, {"places": ["one"]}),
        ("/things/ada/3", "limit=1&limit=2", {}, BODY),
        ("/things/ada/3", "name=a&name=b", {}, BODY),
        ("/things/ada/3", "name=a,b&name=c", {}, {"title": 5, "other": 1}),
        ("/things/ada/3", "", {}, {"title": "x", "places": {"0": 1}}),
        ("/needy", "name=x", {"since": "5"}, BODY),
        ("/needy", "", {}, BODY),
        ("/needy", "name=a&name=a", {"since": "5,6"}, {}),
        ("/wrong", "", {}, None),
        ("/page", "", {}, None),
        ("/gone", "", {}, None),
    ],
)
def test_a_route_is_called_and_answered_as_by_the_library(
    path: str, query: str, headers: Mapping[str, str], body: Any
) -> None:
    event = event_of(path, query, headers, body)
    library.errors = []
    expected = library.resolve(event, CONTEXT)
    [route] = [each for each in [*library._static_routes, *library._dynamic_routes] if each.rule.match(path)]
    try:
        answer = called(route, APIGatewayProxyEventV2(event))
    except (RequestValidationError, ResponseValidationError) as error:
        found = [(type(error), tuple(each["loc"]), each["type"], each["msg"]) for each in error.errors()]
        assert (found, expected["statusCode"]) == (library.errors, 422)
    else:
        assert library.errors == []
        assert answer["statusCode"] == expected["statusCode"]
        assert answer["headers"] == expected["headers"]
        assert answer["isBase64Encoded"] == expected["isBase64Encoded"]
        assert _read(answer) == _read(expected)


def _read(answer: Mapping[str, Any]) -> Any:
    """The body; the library writes JSON with escapes."""
    is_json = answer["headers"].get("Content-Type") == "application/json"
    return json.loads(answer["body"]) if is_json else answer["body"]


def test_a_route_declares_what_it_returns() -> None:
    @library.post("/undeclared")
    def undeclared():  # type: ignore[no-untyped-def]
        return {}

    [route] = [each for each in library._static_routes if each.rule.match("/undeclared")]
    with pytest.raises(TypeError, match="undeclared declares no type"):
        called(route, APIGatewayProxyEventV2(event_of("/undeclared", "", {}, None)))
