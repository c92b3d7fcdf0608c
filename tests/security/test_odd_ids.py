"""Ids as identity providers issue them: each reaches its own person by every route and link, and nobody else."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from fanfare.ids import user_id_of
from fanfare.runtime import stores

from functions.internal_api.handler import api as internal
from functions.public_api.handler import api as public
from tests.integration import public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import call
from tests.integration.letters import Post
from tests.integration.public_api import browse, preferences_link, unsubscribe_link

SUBJECTS: Final = [
    "auth0|5f7c",
    "a.b+c@example.com",
    "_x=y",
    "https://idp.example/users/7",
    "a~2Fb",
    "A",
    "waad|Zm9v~x",
]
# Look like them, and are others
NEARLY: Final = ["auth0~7C5f7c", "a.b~2Bc@example.com", "_x~3Dy", "https:~2F~2Fidp.example~2Fusers~2F8", "a~7E2FB", "a"]
BODIES: Final[dict[str, Any]] = {
    "PUT /v1/users/{user_id}": {"name": "marked"},
    "PATCH /v1/users/{user_id}": {"name": "marked"},
    "POST /v1/users/{user_id}/devices": {"platform": "ios", "token": "marked"},
    "PUT /v1/users/{user_id}/subscriptions/{topic_id}/{channel}/resubscription": {"evidence": "marked"},
    "PATCH /v1/me": {"name": "marked"},
    "POST /v1/me/confirmations": {"channel": "sms", "code": "000000"},
}
OF_A_USER: Final = [f"{r.method} {r.openapi_path}" for r in internal.routes if "{user_id}" in r.openapi_path]
OF_ME: Final = [f"{r.method} {r.openapi_path}" for r in public.routes if r.openapi_path.startswith("/v1/me")]


@pytest.fixture(autouse=True)
def people(aws: Aws, post: Post) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email", "sms"], "public": True})
    ids = [*map(user_id_of, SUBJECTS), *NEARLY]
    assert len(set(ids)) == len(ids)
    items = [{"id": each, "email": f"user-{place}@example.com"} for place, each in enumerate(ids)]
    assert {each["status"] for each in call("POST", "/v1/users", {"items": items}).body["items"]} == {201}
    yeses = [{"user_id": each, "channel": "email"} for each in ids]
    call("POST", "/v1/topics/news/subscriptions", {"items": yeses})


def others(aws: Aws, user_id: str) -> list[str]:
    """All items but those that name the user."""
    items = [item for table in aws.tables.values() for item in aws.dynamodb.scan(TableName=table)["Items"]]
    written = [json.dumps(item, sort_keys=True) for item in items if item["pk"] != {"S": f"user#{user_id}"}]
    marked = json.dumps(user_id)[1:-1]
    counted = ("removals#", "attempts#")  # of the topic, and of the user by a digest
    return sorted(each for each in written if marked not in each and not any(name in each for name in counted))


def filled(path: str, user_id: str = "") -> str:
    values = {
        "user_id": user_id,
        "topic_id": "news",
        "channel": "email",
        "message_id": "01941f29-7c00-7abc-8def-0123456789ab",
    }
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_route_of_services_reaches_the_user_and_nobody_else(subject: str, aws: Aws) -> None:
    user_id = user_id_of(subject)
    assert user_id is not None
    before = others(aws, user_id)
    for operation in sorted(OF_A_USER, key=lambda each: each.startswith("DELETE")):
        method, _, path = operation.partition(" ")
        more: dict[str, Any] = {"token": "t"} if operation == "DELETE /v1/users/{user_id}/devices" else {}
        answer = call(method, filled(path, user_id), BODIES.get(operation), **more)
        expected = (
            (404,) if any(name in path for name in ("explanations", "masked", "{digest_id}")) else (200, 201, 204)
        )
        assert answer.status in (*expected, 200), (operation, answer.text)
    assert others(aws, user_id) == before


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_route_of_a_reader_reaches_them_and_nobody_else(subject: str, aws: Aws, post: Post) -> None:
    user_id = user_id_of(subject)
    assert user_id is not None
    before = others(aws, user_id)
    for operation in sorted(OF_ME, key=lambda each: each == "DELETE /v1/me"):
        method, _, path = operation.partition(" ")
        answer = public_api.call(method, filled(path), BODIES.get(operation), user=subject)
        assert answer.status < 500
        assert answer.status != 401, operation
    assert call("GET", f"/v1/users/{user_id}").status == 404  # erased by themselves
    assert others(aws, user_id) == before


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_link_in_a_mail_is_of_one_user(subject: str, aws: Aws) -> None:
    user_id = user_id_of(subject)
    assert user_id is not None
    assert browse(unsubscribe_link(user_id, "news"), {}).status == 200
    subscribed = stores.audience().subscriptions.among("news", [(each, "email") for each in (user_id, *NEARLY)])
    assert subscribed == {(each, "email") for each in NEARLY}
    form = {"shown": ["news/email"], "yes": ["news/email"], "nothing": "no"}
    assert browse(preferences_link(user_id), form).status == 200
    assert {each["by"] for each in call("GET", f"/v1/users/{user_id}/consents").body["items"]} >= {"one_click"}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_message_reaches_the_id_that_a_service_names(subject: str) -> None:
    user_id = user_id_of(subject)
    body = {"recipients": [user_id], "channels": ["email"], "content": {"subject": "s", "text": "t"}}
    assert call("POST", "/v1/messages", body).status == 202
