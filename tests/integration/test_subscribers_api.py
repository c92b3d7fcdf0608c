"""Who is in a topic, and who is not any more: lists and counts, as a service sees them over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.store.audience.subscriptions import subscribers

from tests.integration import public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import call
from tests.integration.public_api import browse, unsubscribe_link

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def topic(aws: Aws) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email", "sms"], "public": True, "shards": 3})
    users = [f"user-{number}" for number in range(8)]
    call("POST", "/v1/users", {"items": [{"id": user} for user in users]})
    items = [{"user_id": user, "channel": "email"} for user in users] + [{"user_id": "user-1", "channel": "sms"}]
    call("POST", "/v1/topics/news/subscriptions", {"items": items})
    browse(unsubscribe_link("user-0", "news"), {})
    call("DELETE", "/v1/users/user-7/subscriptions/news/email")


def listed(**asked: Any) -> list[tuple[str, str, str, str]]:
    found: list[dict[str, str]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = call("GET", "/v1/topics/news/subscriptions", limit=3, **asked, **cursor).body
        found += page["items"]
        assert len(page["items"]) <= 3
        if page["next_cursor"] is None:
            return sorted((each["user_id"], each["channel"], each["state"], each["by"]) for each in found)
        cursor = {"cursor": page["next_cursor"]}


YESES = [(f"user-{number}", "email", "subscribed", "service") for number in range(1, 7)]
NOS = [("user-0", "email", "unsubscribed", "one_click"), ("user-7", "email", "unsubscribed", "service")]
BY_SMS = [("user-1", "sms", "subscribed", "service")]


def test_subscribers_are_listed_page_by_page_over_all_shards() -> None:
    assert listed() == sorted(YESES + NOS + BY_SMS)
    assert listed(state="subscribed") == sorted(YESES + BY_SMS)
    assert listed(state="unsubscribed") == NOS
    assert listed(channel="sms") == BY_SMS
    assert listed(channel="sms", state="unsubscribed") == []


def test_an_item_says_since_when() -> None:
    (item,) = call("GET", "/v1/topics/news/subscriptions", channel="sms").body["items"]
    assert item == {
        "user_id": "user-1",
        "channel": "sms",
        "state": "subscribed",
        "at": "2027-01-01T08:00:00.000Z",
        "by": "service",
    }


def test_a_no_that_a_new_yes_outweighs_is_not_listed() -> None:
    public_api.call("PUT", "/v1/me/subscriptions/news/email", user="user-0")
    assert listed(state="unsubscribed") == NOS[1:]
    assert ("user-0", "email", "subscribed", "person") in listed(state="subscribed")


def test_who_is_erased_is_not_listed() -> None:
    for user in ("user-0", "user-1"):
        call("DELETE", f"/v1/users/{user}")
    assert listed() == sorted(YESES[1:] + NOS[1:])


def test_counts_are_of_yeses_by_channel() -> None:
    assert call("GET", "/v1/topics/news/counts").body == {
        "email": {"subscribed": 6, "exact": True},
        "sms": {"subscribed": 1, "exact": True},
    }


def test_a_count_above_its_limit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "COUNTED", 5)
    counts = call("GET", "/v1/topics/news/counts").body
    assert counts == {"email": {"subscribed": 5, "exact": False}, "sms": {"subscribed": 1, "exact": True}}
    monkeypatch.setattr(subscribers, "LOOK_AT", 2)
    assert not any(count["exact"] for count in call("GET", "/v1/topics/news/counts").body.values())


def test_a_topic_that_is_not_there_has_neither() -> None:
    for path in ("/v1/topics/nothing/subscriptions", "/v1/topics/nothing/counts"):
        assert call("GET", path).body["code"] == "topic_not_found"
