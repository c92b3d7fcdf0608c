"""What the contract says of every call, held against every route."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Route
from fanfare.runtime import stores

from functions.internal_api.handler import api
from tests.integration.conftest import Aws
from tests.integration.internal_api import EVENTS, call, deliver, event
from tools import openapi

ROUTES = {f"{route.method} {route.openapi_path}": route for route in api.routes}
WITH_BODY = [name for name, route in ROUTES.items() if route.dependant.body_params]
NEEDING_ONE = [name for name in WITH_BODY if any(field.required for field in ROUTES[name].dependant.body_params)]
READ_ONE = [name for name, route in ROUTES.items() if route.method == "GET" and "{" in route.openapi_path]
LISTS = [name for name, route in ROUTES.items() if any(p.alias == "limit" for p in route.dependant.query_params)]
API_EVENTS = sorted(
    path.stem
    for path in EVENTS.glob("*.json")
    if '"rawPath"' in path.read_text(encoding="utf-8") and not path.stem.startswith("public_")
)

CONTRACT = """
    POST /v1/messages · GET /v1/messages · GET /v1/messages/{message_id} · DELETE /v1/messages/{message_id}
    POST /v1/messages/{message_id}/redrives · GET /v1/messages/{message_id}/deliveries
    GET /v1/topics · PUT /v1/topics/{topic_id} · GET /v1/topics/{topic_id} · DELETE /v1/topics/{topic_id}
    POST /v1/topics/{topic_id}/subscriptions
    GET /v1/templates · PUT /v1/templates/{template_id} · GET /v1/templates/{template_id}
    DELETE /v1/templates/{template_id} · GET /v1/templates/{template_id}/versions
    POST /v1/templates/{template_id}/previews
    POST /v1/users · PUT /v1/users/{user_id} · GET /v1/users/{user_id} · DELETE /v1/users/{user_id}
    GET /v1/users/{user_id}/deliveries · GET /v1/users/{user_id}/subscriptions
    PUT /v1/users/{user_id}/subscriptions/{topic_id}/{channel}
    DELETE /v1/users/{user_id}/subscriptions/{topic_id}/{channel}
    PUT /v1/users/{user_id}/subscriptions/{topic_id}/{channel}/resubscription · GET /v1/users/{user_id}/consents
    GET /v1/messages/{message_id}/explanations/{user_id}
    GET /v1/suppressions · PUT /v1/suppressions/{channel}/{address} · GET /v1/suppressions/{channel}/{address}
    DELETE /v1/suppressions/{channel}/{address}
    GET /v1/queues
    GET /v1/users · PATCH /v1/users/{user_id} · GET /v1/users/{user_id}/export
    POST /v1/users/{user_id}/devices · DELETE /v1/users/{user_id}/devices
    GET /v1/topics/{topic_id}/subscriptions · GET /v1/topics/{topic_id}/counts · POST /v1/suppressions
    GET /v1/brand · PUT /v1/brand
    GET /v1/users/{user_id}/digests · GET /v1/users/{user_id}/digests/{digest_id}
    POST /v1/users/{user_id}/digests/{digest_id}/close
    GET /openapi.json
"""


def path(route: Route) -> str:
    """The route's path with names of nobody."""
    found = route.openapi_path.replace("{channel}", "email").replace("{address}", "nobody@example.com")
    for name in ("message_id", "topic_id", "template_id", "user_id", "digest_id"):
        found = found.replace(f"{{{name}}}", "nobody")
    return found


def test_the_routes_of_the_contract_are_there() -> None:
    assert {each.strip() for line in CONTRACT.splitlines() for each in line.split("·") if each.strip()} <= set(ROUTES)


@pytest.mark.parametrize("name", API_EVENTS)
def test_every_event_is_answered_as_promised(name: str, aws: Aws) -> None:
    for before in ("put_topic", "put_template", "put_user"):
        assert deliver(event(before)).status == 201
    answer = deliver(event(name))
    assert answer.status < 500
    assert answer.headers["x-request-id"] == event(name)["requestContext"]["requestId"]


@pytest.mark.parametrize("name", READ_ONE)
def test_what_is_unknown_is_not_found(name: str, aws: Aws) -> None:
    asked: dict[str, Any] = {each.alias: "email" for each in ROUTES[name].dependant.query_params if each.required}
    answer = call("GET", path(ROUTES[name]), None, **asked)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.body["code"].endswith("_not_found")


@pytest.mark.parametrize("name", ROUTES)
def test_a_parameter_that_is_not_known_is_refused(name: str) -> None:
    answer = call(ROUTES[name].method, path(ROUTES[name]), {}, dry="true")
    assert (answer.status, answer.pointers) == (422, ["?dry"])


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "abc", "", "-1", "1.0", "1_0", "5,6"])
def test_a_page_has_1_to_100_items(name: str, limit: str) -> None:
    answer = call("GET", path(ROUTES[name]), limit=limit)
    assert (answer.status, answer.pointers) == (422, ["?limit"])


@pytest.mark.parametrize("name", ["GET /v1/topics", "GET /v1/templates", "GET /v1/messages"])
def test_a_forged_cursor_is_refused(name: str, aws: Aws) -> None:
    answer = call("GET", path(ROUTES[name]), cursor="ImEi.forged")
    assert (answer.status, answer.pointers) == (422, ["?cursor"])


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("{", 400),
        (b"\xff{}", 400),
        ('{"a": 1, "a": 2}', 400),
        ('{"a": NaN}', 400),
        ('{"a": 1e999}', 400),
        ('{"a": "\\ud800"}', 400),
        ("[" * 50_000, 400),
        ("null", 422),
        ("[{}]", 422),
        ('"{}"', 422),
        ("1", 422),
        ('{"": {}}', 422),
        (b'{"no such field": 1}', 422),
        ('"' + "a" * 262_144 + '"', 413),
        (b" " * 262_145, 413),
    ],
)
def test_a_body_that_is_wrong_is_told(name: str, raw: str | bytes, status: int) -> None:
    route = ROUTES[name]
    answer = call(route.method, path(route), raw=raw)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.body["status"] == status


@pytest.mark.parametrize("name", NEEDING_ONE)
@pytest.mark.parametrize("raw", ["", b"", " \n"])
def test_a_body_that_is_missing_is_told(name: str, raw: str | bytes) -> None:
    answer = call(ROUTES[name].method, path(ROUTES[name]), raw=raw)
    assert (answer.status, answer.body["code"]) == (400, "malformed_request")


def test_a_body_that_is_optional_may_be_empty_whatever_the_content_type_says(aws: Aws) -> None:
    for content_type in ("application/json", "text/plain", None):
        answer = call("PUT", "/v1/suppressions/email/ada@example.com", raw="", content_type=content_type)
        assert (answer.status, answer.body["cause"]) == (201, "manual")
        call("DELETE", "/v1/suppressions/email/ada@example.com")


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_a_body_is_json(name: str, content_type: str | None) -> None:
    answer = call(ROUTES[name].method, path(ROUTES[name]), raw="{}", content_type=content_type)
    assert (answer.status, answer.body["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; Charset=UTF-8"])
@pytest.mark.parametrize(
    "raw", ['{"title": "Grüße", "channels": ["email"]}', '{"title": "Grüße", "channels": ["email"]}'.encode()]
)
def test_json_is_read_however_it_arrives(raw: str | bytes, content_type: str, aws: Aws) -> None:
    answer = call("PUT", "/v1/topics/greetings", raw=raw, content_type=content_type)
    assert (answer.status, answer.body["title"]) == (201, "Grüße")


@pytest.mark.parametrize("name", ROUTES)
def test_another_method_is_refused_with_those_that_are_taken(name: str) -> None:
    route = ROUTES[name]
    answer = call("MOVE", path(route))
    assert (answer.status, answer.body["code"]) == (405, "method_not_allowed")
    assert route.method in answer.headers["allow"].split(", ")


@pytest.mark.parametrize(
    "elsewhere", ["/", "/v1", "/v1/nothing", "/v1/topics/", "/v1/topics/a/b", "/v1/messages//deliveries"]
)
def test_nothing_is_at_another_path(elsewhere: str) -> None:
    answer = call("GET", elsewhere)
    assert (answer.status, answer.body["code"], answer.body["instance"]) == (404, "not_found", elsewhere)


@pytest.mark.parametrize("bad", ["-a", "a b", "a$b", "a" * 129, "ü"])
@pytest.mark.parametrize("collection", ["topics", "templates", "users"])
def test_an_id_that_nothing_can_have_is_refused(collection: str, bad: str) -> None:
    answer = call("PUT", f"/v1/{collection}/{bad}", {})
    assert answer.status == 422
    assert f"{{{collection[:-1]}_id}}" in answer.pointers


def test_what_goes_wrong_here_is_told_without_details(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("ada@example.com")

    monkeypatch.setattr(stores.catalogue(), "topics", broken)
    answer = call("GET", "/v1/topics")
    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (500, "internal_error", False)
    assert "ada" not in answer.text


def test_a_store_that_is_busy_asks_to_try_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_CATALOGUE_TABLE", "fanfare-test-gone")
    client = stores.messages().table.client
    client.meta.events.register("before-call.dynamodb.Query", throttled)
    answer = call("GET", "/v1/topics")
    assert (answer.status, answer.body["retryable"]) == (503, True)
    assert int(answer.headers["retry-after"]) > 0


def throttled(**_: object) -> Any:
    """What DynamoDB answers when it is too much."""
    error = {"Error": {"Code": "ThrottlingException", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return type("Answer", (), {"status_code": 400}), error


def test_a_call_without_a_principal_makes_nothing(aws: Aws) -> None:
    sent = event("submit_message")
    del sent["requestContext"]["authorizer"]
    assert deliver(sent).status == 500
    assert aws.bodies("fan_out") == []


def test_the_log_names_no_body_and_no_person(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    call("PUT", "/v1/users/ada-lovelace", {"name": "Ada", "email": "ada@example.com"})
    call("PUT", "/v1/users/ada-lovelace", {"name": "Ada", "email": "ada at example.com"})
    log = str([vars(record) for record in caplog.records])
    assert "/v1/users/{user_id}" in log
    assert "example.com" not in log
    assert "lovelace" not in str([vars(record) for record in caplog.records if record.getMessage() != "audit"])
    trail = [vars(record)["users"] for record in caplog.records if record.getMessage() == "audit"]
    assert trail == [["ada-lovelace"], ["ada-lovelace"]]


@pytest.mark.parametrize("file", openapi.documents(), ids=lambda file: Path(file).name)
def test_the_written_description_is_that_of_the_code(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == openapi.documents()[file], "run: python -m tools.openapi"


def test_the_description_is_served(aws: Aws) -> None:
    answer = call("GET", "/openapi.json")
    assert (answer.status, answer.body["openapi"][:3]) == (200, "3.1")
    assert answer.body == api.description


def test_every_operation_tells_how_it_fails() -> None:
    for name, route in ROUTES.items():
        told = api.description["paths"][route.openapi_path][route.method.lower()]["responses"]
        assert {"403", "422", "500", "503"} <= told.keys(), name
        assert ("404" in told) == ("{" in route.openapi_path), name
        assert ("415" in told) == (name in WITH_BODY), name


def test_an_answer_without_a_body_promises_none() -> None:
    for name, route in ROUTES.items():
        told = api.description["paths"][route.openapi_path][route.method.lower()]["responses"]
        assert "content" not in told.get("204", {}), name


def test_a_refusal_of_the_gateway_is_described_as_the_gateway_words_it() -> None:
    (content,) = api.description["components"]["responses"]["Forbidden"]["content"].items()
    assert content[0] == "application/json"
    assert content[1]["schema"]["required"] == ["message"]


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if "{" in route.openapi_path])
@pytest.mark.parametrize("wrong", ["{}\n", "no\n{}", "\n"])
def test_an_id_with_a_line_end_is_nobody(name: str, wrong: str, aws: Aws) -> None:
    route = ROUTES[name]
    for before in ("put_topic", "put_template", "put_user"):
        deliver(event(before))
    at = path(route)
    last = at.rpartition("/")[2]
    answer = call(route.method, at.replace(last, wrong.format(last)), {} if name in WITH_BODY else None)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
