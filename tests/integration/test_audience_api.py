"""Users and subscriptions, as a service sees them over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.management import users
from fanfare.runtime import stores

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call, deliver, event

pytestmark = pytest.mark.usefixtures("aws")

EVERYTHING: dict[str, Any] = {
    "name": "Ada",
    "email": "ada@example.com",
    "phone": "+436641234567",
    "push": [{"platform": "ios", "token": "t-1"}],
    "webhook": {"url": "https://ada.example.com/hook"},
    "locale": "de-AT",
    "time_zone": "Europe/Vienna",
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "attributes": {"plan": "pro"},
}


@pytest.fixture
def topic() -> str:
    return str(deliver(event("put_topic")).body["id"])


def put_users(*users: str) -> None:
    items = [{"id": user, "email": f"{user}@example.com"} for user in users]
    assert call("POST", "/v1/users", {"items": items}).status == 200


def test_a_user_reads_as_it_was_written() -> None:
    created = call("PUT", "/v1/users/ada", EVERYTHING)
    assert (created.status, created.body) == (201, {"id": "ada"} | EVERYTHING)
    assert call("GET", "/v1/users/ada").body == created.body


def test_a_call_that_takes_no_body_takes_no_fields() -> None:
    put_users("ada")
    refused = call("DELETE", "/v1/users/ada", {"channel": "sms"})
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/channel")
    assert refused.body["errors"][0]["code"] == "unknown_field"
    assert call("GET", "/v1/users/ada").status == 200


def test_a_body_that_names_another_subscription_than_the_path_is_refused(topic: str) -> None:
    put_users("ada")
    path = f"/v1/users/ada/subscriptions/{topic}/email"
    refused = call("PUT", path, {"channel": "sms"})
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/channel")
    assert refused.body["errors"][0]["code"] == "differs_from_path"
    assert call("GET", "/v1/users/ada/subscriptions").body["items"] == []
    assert call("PUT", path, {}).status == 201


def test_a_user_is_replaced_whole() -> None:
    call("PUT", "/v1/users/ada", EVERYTHING)
    replaced = call("PUT", "/v1/users/ada", {"name": "Ada L."})
    nothing = dict.fromkeys(EVERYTHING) | {"push": [], "attributes": {}, "id": "ada", "name": "Ada L."}
    assert (replaced.status, replaced.body) == (200, nothing)


def test_a_user_that_is_wrong_is_refused_and_not_stored() -> None:
    answer = call("PUT", "/v1/users/ada", EVERYTHING | {"email": "ada@", "phone": "123", "nickname": "A"})
    assert (answer.status, answer.pointers) == (422, ["/email", "/phone", "/nickname"])
    assert call("GET", "/v1/users/ada").status == 404


def test_an_erased_user_is_gone_with_all_subscriptions(topic: str) -> None:
    put_users("ada")
    call("PUT", f"/v1/users/ada/subscriptions/{topic}/email")
    assert [call("DELETE", "/v1/users/ada").status for _ in range(2)] == [204, 204]
    assert call("GET", "/v1/users/ada").status == 404
    put_users("ada")
    assert call("GET", "/v1/users/ada/subscriptions").body["items"] == []


def test_an_erased_user_leaves_no_row_and_no_address(topic: str, aws: Aws) -> None:
    call("PUT", "/v1/users/ada-lovelace", EVERYTHING)
    call("PUT", f"/v1/users/ada-lovelace/subscriptions/{topic}/email")
    stores.audience().suppressions.note_bounce(
        "email", "ada@example.com", "message-1", permanent=False, at="2027-01-01", forget=2_000_000_000
    )
    stores.inboxes().put([("ada-lovelace", "message-1", "Hello", "Ada")])
    assert call("DELETE", "/v1/users/ada-lovelace").status == 204
    for table in aws.tables.values():
        stored = str(aws.dynamodb.scan(TableName=table)["Items"])
        assert not [each for each in ("ada-lovelace", "ada@example", "+436641234567") if each in stored], table


def test_a_suppression_outlives_who_had_the_address() -> None:
    call("PUT", "/v1/users/ada", EVERYTHING)
    call("PUT", "/v1/suppressions/email/ada@example.com", {})
    call("DELETE", "/v1/users/ada")
    call("PUT", "/v1/users/grace", {"email": "ada@example.com"})
    assert dict(stores.audience().users.get_many(["grace"])["grace"].suppressed) == {"email": "manual"}


def test_more_than_a_call_can_erase_takes_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "ERASED_AT_ONCE", 30)
    put_users("ada")
    stores.inboxes().put([("ada", f"message-{number:02d}", "Hello", "Ada") for number in range(50)])
    first, second = (call("DELETE", "/v1/users/ada") for _ in range(2))
    assert (first.status, first.body["code"], first.body["retryable"]) == (503, "erasure_unfinished", True)
    assert (second.status, stores.inboxes().unread("ada")) == (204, 0)


def test_many_users_are_each_taken_or_refused_in_order() -> None:
    call("PUT", "/v1/users/b", {})
    items = [
        {"id": "a"},
        {"id": "b"},
        {"id": "c", "email": "no"},
        {"email": "x@example.com"},
        None,
        {"id": "a"},
        {"id": 7},
    ]
    answer = call("POST", "/v1/users", {"items": items})
    results = answer.body["items"]
    assert answer.status == 200
    assert [(each["id"], each["status"]) for each in results] == [
        ("a", 201), ("b", 200), ("c", 422), (None, 422), (None, 422), ("a", 200), (None, 422),
    ]  # fmt: skip
    errors = [each["error"] and each["error"]["errors"][0]["pointer"] for each in results]
    assert errors == [None, None, "/items/2/email", "/items/3/id", "/items/4", None, "/items/6/id"]
    assert [call("GET", f"/v1/users/{user}").status for user in "abc"] == [200, 200, 404]


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1, 200), (100, 200), (101, 422)])
def test_up_to_100_users_come_at_once(count: int, status: int) -> None:
    items = [{"id": f"user-{number}"} for number in range(count)]
    answer = call("POST", "/v1/users", {"items": items})
    assert answer.status == status
    assert len(answer.body.get("items", [])) == (count if status == 200 else 0)


def test_a_user_is_subscribed_once(topic: str, clock: Clock) -> None:
    put_users("ada")
    path = f"/v1/users/ada/subscriptions/{topic}/email"
    first = call("PUT", path)
    clock.advance(hours=1)
    again = call("PUT", path)
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    assert call("GET", "/v1/users/ada/subscriptions").body == {"items": [first.body], "next_cursor": None}


def test_a_subscription_is_taken_back_once_or_twice(topic: str) -> None:
    put_users("ada")
    path = f"/v1/users/ada/subscriptions/{topic}/email"
    call("PUT", path)
    assert [call("DELETE", path).status for _ in range(2)] == [204, 204]
    assert call("GET", "/v1/users/ada/subscriptions").body["items"] == []


def test_who_or_what_is_unknown_can_not_be_subscribed(topic: str) -> None:
    put_users("ada")
    unknown_user = call("PUT", f"/v1/users/nobody/subscriptions/{topic}/email")
    unknown_topic = call("PUT", "/v1/users/ada/subscriptions/nothing/email")
    assert (unknown_user.status, unknown_user.body["code"]) == (404, "user_not_found")
    assert (unknown_topic.status, unknown_topic.body["code"]) == (404, "topic_not_found")


def test_a_channel_that_there_is_not_is_refused(topic: str) -> None:
    put_users("ada")
    answer = call("PUT", f"/v1/users/ada/subscriptions/{topic}/smoke")
    assert (answer.status, answer.pointers) == (422, ["{channel}"])
    assert "email" in answer.body["errors"][0]["detail"]


def test_subscriptions_are_listed_page_by_page() -> None:
    put_users("ada")
    for each in ("b", "a", "c"):
        call("PUT", f"/v1/topics/{each}", {"title": each, "channels": ["email"]})
        call("PUT", f"/v1/users/ada/subscriptions/{each}/email")
    first = call("GET", "/v1/users/ada/subscriptions", limit=2).body
    rest = call("GET", "/v1/users/ada/subscriptions", limit=2, cursor=first["next_cursor"]).body
    assert [each["topic"] for each in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None


def test_a_cursor_of_one_user_is_not_good_for_another(topic: str) -> None:
    put_users("ada", "grace")
    call("PUT", "/v1/topics/a", {"title": "a", "channels": ["email"]})
    for each in (topic, "a"):
        call("PUT", f"/v1/users/ada/subscriptions/{each}/email")
    cursor = call("GET", "/v1/users/ada/subscriptions", limit=1).body["next_cursor"]
    assert call("GET", "/v1/users/grace/subscriptions", limit=1, cursor=cursor).pointers == ["?cursor"]


def test_many_are_each_subscribed_or_refused_in_order(topic: str) -> None:
    put_users("a", "b")
    call("PUT", f"/v1/users/b/subscriptions/{topic}/email")
    pairs = [("a", "email"), ("b", "email"), ("nobody", "email"), ("a", "smoke"), ("a", "email"), ("-", "email")]
    items = [{"user_id": user, "channel": channel} for user, channel in pairs]
    answer = call("POST", f"/v1/topics/{topic}/subscriptions", {"items": [*items, {}]})
    results = answer.body["items"]
    assert (answer.status, [each["status"] for each in results]) == (200, [201, 200, 404, 422, 200, 422, 422])
    assert [(each["user_id"], each["channel"]) for each in results] == [*pairs, (None, None)]
    assert results[2]["error"]["code"] == "user_not_found"
    assert results[3]["error"]["errors"][0]["pointer"] == "/items/3/channel"
    assert [each["topic"] for each in call("GET", "/v1/users/a/subscriptions").body["items"]] == [topic]


@pytest.mark.parametrize(("count", "status"), [(0, 422), (500, 200), (501, 422)])
def test_up_to_500_subscriptions_come_at_once(count: int, status: int, topic: str) -> None:
    items = [{"user_id": f"nobody-{number}", "channel": "email"} for number in range(count)]
    answer = call("POST", f"/v1/topics/{topic}/subscriptions", {"items": items})
    assert answer.status == status
    assert [each["status"] for each in answer.body.get("items", [])] == ([404] * count if status == 200 else [])


def test_more_than_one_transaction_holds_is_subscribed(topic: str) -> None:
    users = [f"user-{number:02d}" for number in range(55)]
    put_users(*users)
    items = [{"user_id": user, "channel": "email"} for user in users]
    answer = call("POST", f"/v1/topics/{topic}/subscriptions", {"items": items})
    assert {each["status"] for each in answer.body["items"]} == {201}
    assert call("GET", "/v1/users/user-54/subscriptions").body["items"][0]["topic"] == topic


def test_nobody_can_be_subscribed_to_what_is_not_there(aws: Aws) -> None:
    answer = call("POST", "/v1/topics/nothing/subscriptions", {"items": [{"user_id": "a", "channel": "email"}]})
    assert (answer.status, answer.body["code"]) == (404, "topic_not_found")
