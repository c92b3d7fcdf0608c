"""What people said, as services and readers see it: whose no holds, for how long, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from fanfare.clock import to_text
from fanfare.management import topics
from fanfare.runtime import stores

from tests.integration import public_api
from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer, call
from tests.integration.letters import Post
from tests.integration.public_api import browse, preferences_link, unsubscribe_link

pytestmark = pytest.mark.usefixtures("aws")

PATH: Final = "/v1/users/ada/subscriptions/news/email"
AT: Final = "2027-01-01T08:00:00.000Z"


@pytest.fixture(autouse=True)
def ada(aws: Aws) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email", "sms"], "public": True})
    call("PUT", "/v1/users/ada", {"email": "ada@example.com"})


def click() -> None:
    assert browse(unsubscribe_link("ada", "news"), {}).status == 200


def bulk(*items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = call("POST", "/v1/topics/news/subscriptions", {"items": list(items)})
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["items"]
    return found


def subscribed(user_id: str = "ada") -> list[str]:
    items = call("GET", f"/v1/users/{user_id}/subscriptions").body["items"]
    return [f"{each['topic']}/{each['channel']}" for each in items]


def consents(user_id: str = "ada") -> list[tuple[str, str]]:
    items = call("GET", f"/v1/users/{user_id}/consents").body["items"]
    return [(each["state"], each["by"]) for each in items]


def test_one_click_binds_every_way_of_a_service() -> None:
    call("PUT", PATH)
    click()
    single = call("PUT", PATH)
    assert (single.status, single.body["code"]) == (409, "unsubscribed_by_person")
    for by in ("service", "import"):
        (result,) = bulk({"user_id": "ada", "channel": "email", "by": by})
        assert (result["user_id"], result["channel"], result["status"]) == ("ada", "email", 409)
        assert result["error"]["code"] == "unsubscribed_by_person"
    assert subscribed() == []
    assert consents() == [("unsubscribed", "one_click"), ("subscribed", "service")]


def test_what_a_service_took_back_it_may_give_again() -> None:
    call("PUT", PATH)
    call("DELETE", PATH)
    assert call("PUT", PATH).status == 201
    assert subscribed() == ["news/email"]
    assert consents() == [("subscribed", "service"), ("unsubscribed", "service"), ("subscribed", "service")]


def by_person() -> None:
    assert public_api.call("DELETE", "/v1/me/subscriptions/news/email").status == 204


def by_page() -> None:
    browse(preferences_link("ada"), {"shown": ["news/email"], "yes": [], "nothing": "no"})


@pytest.mark.parametrize("way", [by_person, by_page, click])
def test_the_no_of_a_person_binds_however_it_came(way: Any) -> None:
    call("PUT", PATH)
    way()
    assert (call("PUT", PATH).status, subscribed()) == (409, [])


@pytest.mark.parametrize("way", [by_person, click])
def test_a_person_says_no_to_what_a_service_took_back_or_never_gave(way: Any) -> None:
    way()
    assert (call("PUT", PATH).body["code"], consents()[0][0]) == ("unsubscribed_by_person", "unsubscribed")


def test_a_no_that_is_said_again_is_one_change() -> None:
    call("PUT", PATH)
    for _ in range(3):
        click()
    by_person()
    call("DELETE", PATH)
    assert consents() == [("unsubscribed", "one_click"), ("subscribed", "service")]


def test_a_person_may_always_subscribe_again() -> None:
    call("PUT", PATH)
    click()
    assert public_api.call("PUT", "/v1/me/subscriptions/news/email").status == 201
    assert (subscribed(), consents()[0]) == (["news/email"], ("subscribed", "person"))
    call("DELETE", PATH)
    assert call("PUT", PATH).status == 201  # the newest no is the service's own


def test_a_confirmed_link_outweighs_a_no(post: Post) -> None:
    call("PUT", PATH)
    click()
    browse(preferences_link("ada"), {"shown": "news/email", "yes": "news/email"})
    assert subscribed() == []
    browse(post.mails[-1].link, {})
    assert (subscribed(), consents()[0]) == (["news/email"], ("subscribed", "confirmation"))


def again(evidence: str = "Asked for it by phone") -> Answer:
    return call("PUT", f"{PATH}/resubscription", {"evidence": evidence})


def test_with_new_evidence_a_service_may_give_again_thirty_days_after_one_click(clock: Clock) -> None:
    call("PUT", PATH)
    click()
    early = again()
    assert (early.status, early.body["code"], subscribed()) == (409, "too_soon", [])
    clock.advance(days=30, seconds=-1)
    assert again().body["code"] == "too_soon"
    clock.advance(seconds=1)
    done = again()
    assert (done.status, done.body["state"], subscribed()) == (201, "subscribed", ["news/email"])
    newest = call("GET", "/v1/users/ada/consents").body["items"][0]
    assert newest == {
        "topic": "news",
        "channel": "email",
        "state": "subscribed",
        "at": to_text(clock()),
        "by": "service",
        "message_id": None,
        "evidence": "Asked for it by phone",
    }
    assert again().status == 200


def test_a_no_by_the_page_or_the_app_can_be_overridden_at_once() -> None:
    call("PUT", PATH)
    by_person()
    assert (again().status, subscribed()) == (201, ["news/email"])


@pytest.mark.parametrize("evidence", ["", "a" * 201, "a\u0000", None])
def test_evidence_is_one_to_two_hundred_characters(evidence: Any) -> None:
    answer = call("PUT", f"{PATH}/resubscription", {"evidence": evidence})
    assert (answer.status, answer.pointers) == (422, ["/evidence"])


def test_an_import_tells_since_when_and_where_it_is_written() -> None:
    told = {"at": "2025-03-01T10:00:00Z", "evidence": "Form 12", "by": "import", "frequency": "weekly"}
    (result,) = bulk({"user_id": "ada", "channel": "email", **told})
    assert result["status"] == 201
    (item,) = call("GET", "/v1/users/ada/subscriptions").body["items"]
    assert item == {
        "user_id": "ada",
        "topic": "news",
        "channel": "email",
        "created_at": AT,
        "state": "subscribed",
        "at": "2025-03-01T10:00:00.000Z",
        "by": "import",
        "frequency": "weekly",
    }
    (consent,) = call("GET", "/v1/users/ada/consents").body["items"]
    assert (consent["at"], consent["evidence"]) == ("2025-03-01T10:00:00.000Z", "Form 12")


def test_a_yes_from_the_future_is_refused(clock: Clock) -> None:
    later = to_text(clock() + timedelta(seconds=1))
    answer = call("PUT", PATH, {"at": later})
    assert (answer.status, answer.pointers) == (422, ["/at"])
    (result,) = bulk({"user_id": "ada", "channel": "email", "at": later})
    assert result["error"]["errors"][0]["pointer"] == "/items/0/at"
    assert subscribed() == []


def refusal(by: str, at: str = "2026-12-20T10:00:00.000Z") -> dict[str, Any]:
    return {"user_id": "ada", "channel": "email", "state": "unsubscribed", "by": by, "at": at}


def test_a_refusal_reported_from_elsewhere_binds_as_here() -> None:
    (stored,), (again,) = bulk(refusal("one_click")), bulk(refusal("one_click"))
    assert (stored["status"], again["status"]) == (201, 200)
    assert call("PUT", PATH).body["code"] == "unsubscribed_by_person"
    (no,) = call("GET", "/v1/topics/news/subscriptions", state="unsubscribed").body["items"]
    assert no == {
        "user_id": "ada",
        "channel": "email",
        "state": "unsubscribed",
        "by": "one_click",
        "at": refusal("")["at"],
    }
    early = call("PUT", f"{PATH}/resubscription", {"evidence": "By phone"})
    assert early.body["code"] == "too_soon"


def test_a_reported_refusal_ends_a_yes_and_outweighs_one_of_the_same_call() -> None:
    call("PUT", PATH)
    yes = {"user_id": "ada", "channel": "email"}
    no, other = bulk(refusal("person"), {"user_id": "nobody", "channel": "email", "state": "unsubscribed"})
    assert (no["status"], other["status"], subscribed()) == (201, 404, [])
    bulk({**yes, "channel": "sms"}, {**yes, "channel": "sms", "state": "unsubscribed"})
    assert subscribed() == []


def test_a_refusal_of_a_service_is_kept_but_binds_nobody() -> None:
    (stored,) = bulk(refusal("import"))
    assert (stored["status"], consents()) == (201, [("unsubscribed", "import")])
    assert call("PUT", PATH).status == 201


def test_a_reported_yes_ends_no_refusal_whatever_way_it_claims() -> None:
    bulk(refusal("person"))
    for by in ("service", "person", "page", "confirmation"):
        (result,) = bulk({"user_id": "ada", "channel": "email", "by": by})
        assert (result["status"], subscribed()) == (409, [])
    (kept,) = bulk({"user_id": "ada", "channel": "sms", "by": "confirmation"})
    assert (kept["status"], consents()[0]) == (201, ("subscribed", "confirmation"))


def test_what_a_get_answers_a_put_takes() -> None:
    call("PUT", PATH, {"at": "2025-03-01T10:00:00Z", "by": "import", "frequency": "daily"})
    (item,) = call("GET", "/v1/users/ada/subscriptions").body["items"]
    again = call("PUT", PATH, item)
    assert (again.status, again.body) == (200, item)
    call("DELETE", PATH)
    restored = call("PUT", PATH, item)
    assert (restored.status, restored.body) == (201, item)
    call("DELETE", PATH)
    (no,) = call("GET", "/v1/users/ada/subscriptions", state="unsubscribed").body["items"]
    call("PUT", PATH)
    taken = call("PUT", PATH, no)
    assert (taken.status, taken.body["state"], subscribed()) == (200, "unsubscribed", [])
    mine = public_api.call("PUT", "/v1/me/subscriptions/news/email", item)
    assert (mine.status, mine.body["by"]) == (201, "person")


def test_a_frequency_is_changed_without_a_consent() -> None:
    call("PUT", PATH)
    changed = public_api.call("PUT", "/v1/me/subscriptions/news/email", {"frequency": "daily"})
    assert (changed.status, changed.body["frequency"], len(consents())) == (200, "daily", 1)
    assert call("PUT", PATH).body["frequency"] == "daily"
    assert call("PUT", PATH, {"frequency": "hourly"}).pointers == ["/frequency"]


def test_a_topic_made_again_has_no_yes_and_the_nos_are_still_there() -> None:
    call("PUT", "/v1/users/grace", {"email": "grace@example.com"})
    call("PUT", PATH)
    call("PUT", "/v1/users/grace/subscriptions/news/email")
    click()
    assert call("DELETE", "/v1/topics/news").status == 204
    assert (subscribed("grace"), consents("grace")[0]) == ([], ("unsubscribed", "service"))
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email", "sms"], "public": True})
    assert (subscribed("ada"), subscribed("grace")) == ([], [])
    assert call("PUT", PATH).body["code"] == "unsubscribed_by_person"
    assert call("PUT", "/v1/users/grace/subscriptions/news/email").status == 201


def test_more_yeses_than_one_call_can_end_take_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "ENDED_AT_ONCE", 24)
    users = [f"user-{number:02}" for number in range(30)]
    call("POST", "/v1/users", {"items": [{"id": user} for user in users]})
    bulk(*({"user_id": user, "channel": "email"} for user in users))
    first, second = call("DELETE", "/v1/topics/news"), call("DELETE", "/v1/topics/news")
    assert (first.status, first.body["code"], first.body["retryable"]) == (503, "deletion_unfinished", True)
    assert second.status == 204
    assert not any(subscribed(user) for user in users)
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email"]})
    assert not any(subscribed(user) for user in users)


def test_a_click_of_an_erased_user_stores_nothing(aws: Aws) -> None:
    call("PUT", PATH)
    link = unsubscribe_link("ada", "news")
    call("DELETE", "/v1/users/ada")
    assert browse(link, {}).status == 404
    assert not [row for row in aws.dynamodb.scan(TableName=aws.tables["audience"])["Items"] if "ada" in str(row)]


def test_consents_come_page_by_page_and_a_new_one_moves_none(clock: Clock) -> None:
    for _ in range(3):
        call("PUT", PATH)
        clock.advance(seconds=1)
        call("DELETE", PATH)
        clock.advance(seconds=1)
    first = call("GET", "/v1/users/ada/consents", limit=4).body
    call("PUT", PATH)
    rest = call("GET", "/v1/users/ada/consents", limit=4, cursor=first["next_cursor"]).body
    states = [each["state"] for each in first["items"] + rest["items"]]
    assert states == ["unsubscribed", "subscribed"] * 3
    assert rest["next_cursor"] is None


def test_a_reader_sees_their_own_consents() -> None:
    call("PUT", PATH)
    click()
    items = public_api.call("GET", "/v1/me/consents").body["items"]
    assert [(each["state"], each["by"]) for each in items] == consents()
    assert public_api.call("GET", "/v1/me/consents", user="grace").body["items"] == []
    assert call("GET", "/v1/users/nobody/consents").body["code"] == "user_not_found"


def test_a_row_of_an_earlier_version_is_a_yes(aws: Aws) -> None:
    table = stores.audience().table
    table.put({"pk": "user#ada", "sk": "subscription#news#email", "shard": 0, "created_at": "2026-01-01"})
    table.put({"pk": "topic#news#0", "sk": "ada#email"})
    table.delete("user#ada", "given")  # which that version did not write
    assert call("PUT", PATH).status == 200
    assert (subscribed(), consents()) == (["news/email"], [])
    call("DELETE", PATH)
    assert (call("PUT", PATH).status, consents()) == (
        201,
        [("subscribed", "service"), ("unsubscribed", "service")],
    )


def test_long_histories_are_complete_and_in_order(clock: Clock) -> None:
    for _ in range(25):
        call("PUT", PATH)
        call("DELETE", PATH)
    items = stores.audience().consents.of_user("ada", yeses=())
    assert [each.state for each in items] == ["unsubscribed", "subscribed"] * 25


def test_a_person_refuses_a_private_topic_that_the_service_took_back() -> None:
    call("PUT", "/v1/topics/staff", {"title": "Staff", "channels": ["email"]})
    path = "/v1/users/ada/subscriptions/staff/email"
    mine = "/v1/me/subscriptions/staff/email"
    assert public_api.call("DELETE", mine).status == 204  # never had: it may not be known that there is one
    assert consents() == []
    call("PUT", path)
    call("DELETE", path)
    assert public_api.call("DELETE", mine).status == 204
    assert consents()[0] == ("unsubscribed", "person")
    refused = call("PUT", path)
    assert (refused.status, refused.body["code"]) == (409, "unsubscribed_by_person")
