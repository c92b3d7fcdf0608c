"""A user's token opens that user's things: whatever the call names, nobody else's is read, changed, or told of."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from fanfare.runtime import stores

from functions.public_api.handler import api
from tests.integration import internal_api
from tests.integration.conftest import Aws
from tests.integration.letters import Post
from tests.integration.public_api import browse, call, preferences_link, unsubscribe_link

NOTE: Final = "01941f29-7c00-7abc-8def-0123456789ab"
MARKS: Final = ("bob-marked", "bob@marked.example", "+436641234599", "marked note", "marked-hook", "marked-token")
AT: Final = "2027-01-01T08:00:00.000Z"


@pytest.fixture
def bob(aws: Aws, post: Post) -> str:
    """Somebody who has something of everything."""
    topic = {"title": "News", "channels": ["email", "inbox", "sms"], "public": True}
    internal_api.call("PUT", "/v1/topics/news", topic)
    internal_api.call("PUT", "/v1/topics/staff", topic | {"title": "bob-marked topic", "public": False})
    profile = {
        "name": "bob-marked",
        "email": "bob@marked.example",
        "phone": "+436641234599",
        "webhook": {"url": "https://marked-hook.example/"},
        "push": [{"platform": "ios", "token": "marked-token"}],
    }
    internal_api.call("PUT", "/v1/users/bob", profile)
    for topic_id in ("news", "staff"):
        internal_api.call("PUT", f"/v1/users/bob/subscriptions/{topic_id}/email")
    stores.inboxes().put([("bob", NOTE, "marked note", "marked note")])
    call("PATCH", "/v1/me", {"phone": "+436641234598"}, user="bob")
    return "bob"


def of_bob(aws: Aws) -> list[Any]:
    """All that the tables hold of bob, and who is in the topics."""
    items = [item for table in aws.tables.values() for item in aws.dynamodb.scan(TableName=table)["Items"]]
    return sorted((item for item in items if "bob" in json.dumps(item, sort_keys=True)), key=str)


# Operation → every way in which ada may ask for what is bob's
QUERIES: Final[list[dict[str, Any]]] = [
    {},
    {"user_id": "bob"},
    {"id": "bob"},
    {"sub": "bob"},
    {"owner": "bob", "limit": 1},
]
BODIES: Final[dict[str, list[dict[str, Any] | None]]] = {
    "PATCH /v1/me": [{"id": "bob", "name": "Eve"}, {"user_id": "bob", "name": "Eve"}, {"sub": "bob"}, {"name": "Eve"}],
    "POST /v1/me/confirmations": [
        {"channel": "sms", "code": "000000"},
        {"channel": "sms", "code": "000000", "user_id": "bob"},
    ],
}
NO_BODY: Final[list[dict[str, Any] | None]] = [None]
OPERATIONS: Final = [
    f"{route.method} {route.openapi_path}" for route in api.routes if route.openapi_path not in api.about.open_to_all
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_of_a_user_gives_and_takes_nothing_of_another(
    operation: str, bob: str, aws: Aws, post: Post
) -> None:
    before = of_bob(aws)
    method, _, path = operation.partition(" ")
    path = path.replace("{message_id}", NOTE).replace("{channel}", "email")
    for topic_id in ("news", "staff"):
        for body in BODIES.get(operation, NO_BODY):
            for query in QUERIES:
                headers = {"x-user-id": "bob", "x-amzn-oidc-identity": "bob", "cookie": "sub=bob"}
                answer = call(method, path.replace("{topic_id}", topic_id), body, headers=headers, **query)
                assert answer.status < 500
                assert not [mark for mark in MARKS if mark in answer.text]
    assert of_bob(aws) == before


def test_a_cursor_of_another_user_is_refused(bob: str, aws: Aws) -> None:
    for path, more in (("/v1/me/inbox", 3), ("/v1/me/subscriptions", 3)):
        if "inbox" in path:
            notes = [f"01941f29-7c0{n}-7abc-8def-0123456789ab" for n in range(more)]
            stores.inboxes().put([("bob", each, "t", "b") for each in notes])
        cursor = call("GET", path, user="bob", limit=1).body["next_cursor"]
        assert call("GET", path, user="bob", cursor=cursor).status == 200
        for user in ("ada", "bo", "bobb", "BOB"):
            answer = call("GET", path, user=user, cursor=cursor)
            assert (answer.status, answer.pointers) == (422, ["?cursor"])


def test_what_is_not_there_and_what_is_not_yours_are_told_alike(bob: str, aws: Aws) -> None:
    unknown = NOTE.replace("7c00", "7c99")
    answers = [call("POST", f"/v1/me/inbox/{each}/read") for each in (NOTE, unknown)]
    assert len({(each.status, each.body["code"], each.body["detail"]) for each in answers}) == 1
    hidden = [call("PUT", f"/v1/me/subscriptions/{topic}/email") for topic in ("staff", "no-such-topic")]
    assert len({(each.status, each.body["code"], each.body["detail"]) for each in hidden}) == 1


def test_a_link_of_one_user_changes_nothing_of_another(bob: str, aws: Aws) -> None:
    internal_api.call("PUT", "/v1/users/ada", {"email": "ada@example.com"})
    before = of_bob(aws)
    form = {"shown": ["news/email", "staff/email"], "yes": ["staff/email"], "nothing": "yes", "user_id": "bob"}
    for link in (preferences_link("ada"), unsubscribe_link("ada", "news")):
        text = browse(link, form, user_id="bob").text
        assert not [mark for mark in MARKS if mark in text]
    assert of_bob(aws) == before
    assert [
        each.topic for each in stores.audience().subscriptions.of_user("ada")
    ] == []  # staff is not shown, so not taken


def test_a_code_of_another_user_is_no_code(bob: str, post: Post, aws: Aws) -> None:
    call("PATCH", "/v1/me", {"phone": "+436641234597"})
    mine = post.code
    call("PATCH", "/v1/me", {"phone": "+436641234597"}, user="bob")
    assert call("POST", "/v1/me/confirmations", {"channel": "sms", "code": mine}, user="bob").status == 422
    assert call("GET", "/v1/me", user="bob").body["phone"] == "+436641234599"


def test_a_code_can_not_be_guessed(bob: str, post: Post, aws: Aws) -> None:
    wrong = [f"{number:06d}" for number in range(8) if f"{number:06d}" != post.code]
    answers = [call("POST", "/v1/me/confirmations", {"channel": "sms", "code": c}, user="bob").status for c in wrong]
    assert answers == [422] * 5 + [409] * (len(wrong) - 5)
    assert call("POST", "/v1/me/confirmations", {"channel": "sms", "code": post.code}, user="bob").status == 409
