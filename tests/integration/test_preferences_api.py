"""All that a reader chooses: as one document, and how often topics come on the page."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.runtime import stores
from fanfare.store.audience.users import claim_preferences

from tests.integration.conftest import Aws
from tests.integration.internal_api import Answer
from tests.integration.internal_api import call as service
from tests.integration.letters import Post
from tests.integration.public_api import browse, call, preferences_link

DIGEST = {
    "channels": {"email": {"subject": "{{ data.count }}", "text": "{{ data.count }}"}},
    "example": {"items": [], "count": 1, "key": "k", "first_at": "2027-01-01T08:00:00.000Z"},
}
PATH = "/v1/me/preferences"
CLAIM = "fanfare.self_service.preferences.account.claim_preferences"


@pytest.fixture(autouse=True)
def topics(aws: Aws) -> None:
    stores.catalogue().add_version("digest", DIGEST, created_at="2027-01-01T00:00:00.000Z")
    news: dict[str, Any] = {"title": "News", "channels": ["email", "inbox"], "public": True}
    gathered = {"digest": {"template": {"id": "digest"}, "every": {"seconds": 60}}, "frequency": "immediate"}
    service("PUT", "/v1/topics/news", news | gathered | {"frequencies": ["immediate", "daily"]})
    service("PUT", "/v1/topics/terms", {"title": "Terms", "channels": ["email"], "public": True, "required": True})
    service("PUT", "/v1/topics/staff", {"title": "Staff", "channels": ["email"]})
    service("PUT", "/v1/users/ada", {"name": "Ada", "email": "ada@example.com"})
    service("PUT", "/v1/users/ada/subscriptions/news/email")


def put(body: dict[str, Any], tag: str | None) -> Answer:
    return call("PUT", PATH, body, headers={"if-match": tag} if tag else None)


def tag() -> str:
    return call("GET", PATH).headers["etag"]


def consents() -> list[tuple[str, str, str, str]]:
    items = call("GET", "/v1/me/consents").body["items"]
    return [(each["topic"], each["channel"], each["state"], each["by"]) for each in items]


BEFORE = {
    "topics": {
        "news": {"email": {"on": True, "frequency": "immediate"}, "inbox": {"on": False, "frequency": "immediate"}},
        "terms": {"email": {"on": False, "frequency": None}},
    },
    "quiet_hours": None,
    "at_most": {},
    "digest_at": None,
    "opted_out": False,
}


def test_the_document_has_public_topics_and_those_of_the_reader() -> None:
    assert call("GET", PATH).body == BEFORE
    service("PUT", "/v1/users/ada/subscriptions/staff/email")
    assert call("GET", PATH).body["topics"]["staff"] == {"email": {"on": True, "frequency": None}}
    assert call("GET", PATH, user="new").body["topics"]["news"]["email"] == {"on": False, "frequency": "immediate"}


def test_what_a_get_answers_a_put_takes_and_changes_nothing() -> None:
    answer = put(BEFORE, tag())
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, BEFORE, tag())
    assert consents() == [("news", "email", "subscribed", "service")]


def test_a_put_replaces_the_whole_document() -> None:
    wanted = {
        "topics": {
            "news": {"email": {"on": False, "frequency": "immediate"}, "inbox": {"on": True, "frequency": "daily"}},
            "terms": {"email": {"on": True, "frequency": None}},
        },
        "quiet_hours": {"start": "22:00", "end": "07:00"},
        "at_most": {"email": {"count": 3, "per": "P1D", "rest": "digest"}},
        "digest_at": "07:30",
        "opted_out": True,
    }
    answer = put(wanted, tag())
    assert (answer.status, answer.body) == (200, wanted)
    assert call("GET", PATH).body == wanted
    assert consents()[:3] == [
        ("terms", "email", "subscribed", "person"),
        ("news", "inbox", "subscribed", "person"),
        ("news", "email", "unsubscribed", "person"),
    ]
    again = put({"topics": {"news": {"inbox": {"on": True}}}}, tag())
    assert again.body["topics"]["news"]["inbox"] == {"on": True, "frequency": "immediate"}
    assert again.body["topics"]["terms"]["email"]["on"] is True  # required: it stays unless it is refused
    assert (again.body["quiet_hours"], again.body["opted_out"]) == (None, False)
    assert (again.body["at_most"], again.body["digest_at"]) == ({}, None)


def test_a_ceiling_is_the_readers_whatever_services_store_and_is_in_the_export() -> None:
    assert put({"topics": {}, "at_most": {"email": {"count": 3}}, "digest_at": "07:30"}, "*").status == 200
    service("PUT", "/v1/users/ada", {"name": "Ada L.", "email": "ada@example.com"})
    assert call("GET", PATH).body["at_most"] == {"email": {"count": 3, "per": "P1D", "rest": "digest"}}
    for export in (call("GET", "/v1/me/export"), service("GET", "/v1/users/ada/export")):
        assert export.body["preferences"]["at_most"] == {"email": 3}
        assert export.body["preferences"]["digest_at"] == "07:30"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"at_most": {"email": {"count": 0}}}, "/at_most/email/count"),
        ({"at_most": {"email": {"count": 1_001}}}, "/at_most/email/count"),
        ({"at_most": {"email": {"count": 3, "per": "P7D"}}}, "/at_most/email/per"),
        ({"at_most": {"email": 3}}, "/at_most/email"),
        ({"at_most": {"fax": {"count": 3}}}, "/at_most/fax"),
        ({"digest_at": "25:00"}, "/digest_at"),
    ],
)
def test_a_ceiling_that_is_none_is_refused_and_changes_nothing(fields: Any, pointer: str) -> None:
    refused = put({"topics": {}, **fields}, "*")
    assert (refused.status, refused.pointers) == (422, [pointer])
    assert call("GET", PATH).body == BEFORE


def test_who_has_not_read_it_or_read_another_version_replaces_nothing() -> None:
    read = tag()
    missing = put({"topics": {}}, None)
    assert (missing.status, missing.body["code"]) == (428, "precondition_required")
    assert put({"topics": {"news": {"email": {"on": True, "frequency": "daily"}}}}, read).status == 200
    for other in (read, '"other"', f"W/{tag()}"):
        refused = put({"topics": {}}, other)
        assert (refused.status, refused.body["code"]) == (412, "precondition_failed")
    assert call("GET", PATH).body["topics"]["news"]["email"] == {"on": True, "frequency": "daily"}
    assert put({"topics": {}}, f'"other", {tag()}').status == 200
    assert put(BEFORE, "*").status == 200


def test_of_two_devices_that_replace_the_same_version_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    read = tag()
    answers: list[Answer] = []

    def second_comes_first(*claimed: Any, **chosen: Any) -> None:
        monkeypatch.setattr(CLAIM, claim_preferences)
        answers.append(put({"topics": {}}, read))
        claim_preferences(*claimed, **chosen)

    monkeypatch.setattr(CLAIM, second_comes_first)
    assert put({"topics": {"news": {"email": {"on": True, "frequency": "daily"}}}}, read).status == 412
    assert [each.status for each in answers] == [200]
    assert call("GET", PATH).body["topics"]["news"]["email"]["on"] is False


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/topics", "missing"),
        ({"topics": {"nothing": {"email": {"on": True}}}}, "/topics/nothing", "topic_not_found"),
        ({"topics": {"staff": {"email": {"on": True}}}}, "/topics/staff", "topic_not_found"),
        ({"topics": {"terms": {"inbox": {"on": True}}}}, "/topics/terms/inbox", "channel_not_offered"),
        (
            {"topics": {"news": {"email": {"on": True, "frequency": "weekly"}}}},
            "/topics/news/email/frequency",
            "frequency_not_offered",
        ),
        ({"topics": {"news": {"email": {}}}}, "/topics/news/email/on", "missing"),
        ({"topics": {}, "colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_a_wrong_document_changes_nothing(body: dict[str, Any], pointer: str, code: str) -> None:
    answer = put(body, tag())
    assert (answer.status, [(each["pointer"], each["code"]) for each in answer.body["errors"]]) == (
        422,
        [(pointer, code)],
    )
    assert call("GET", PATH).body == BEFORE


def test_a_required_topic_is_not_refused() -> None:
    put({"topics": {"terms": {"email": {"on": True}}}}, "*")
    refused = put({"topics": {"terms": {"email": {"on": False}}}}, "*")
    assert (refused.status, refused.body["code"]) == (409, "topic_required")


def test_a_new_reader_is_created_by_the_first_put() -> None:
    headers = {"if-match": call("GET", PATH, user="new").headers["etag"]}
    answer = call("PUT", PATH, {"topics": {"news": {"email": {"on": True}}}}, user="new", headers=headers)
    assert (answer.status, answer.body["topics"]["news"]["email"]["on"]) == (200, True)


# The page


def frequencies() -> dict[str, Any]:
    found: dict[str, Any] = call("GET", PATH).body["topics"]["news"]
    return found


def save(*yes: str, often: list[str]) -> Answer:
    shown = ["news/email", "news/inbox"]
    return browse(preferences_link("ada"), {"shown": shown, "yes": yes, "often": often})


def test_the_page_shows_how_often_a_topic_comes_if_there_is_a_choice() -> None:
    page = browse(preferences_link("ada")).text
    assert page.count('<select name="often"') == 2
    assert '<option value="news/email/immediate" selected>At once</option>' in page
    assert '<option value="news/email/daily">Once a day</option>' in page
    german = browse(preferences_link("ada"), lang="de").text
    assert '<option value="news/email/daily">Einmal am Tag</option>' in german


def test_how_often_changes_at_once_and_gives_nothing(post: Post) -> None:
    assert save("news/email", often=["news/email/daily", "news/inbox/daily", "news/email/weekly", "x"]).status == 200
    assert frequencies() == {
        "email": {"on": True, "frequency": "daily"},
        "inbox": {"on": False, "frequency": "immediate"},
    }
    assert post.mails == []
    save(often=["news/email/immediate"])
    assert frequencies()["email"]["on"] is False


def test_what_is_added_comes_as_often_as_chosen_once_it_is_confirmed(post: Post) -> None:
    save("news/email", "news/inbox", often=["news/email/immediate", "news/inbox/daily"])
    assert frequencies()["inbox"] == {"on": False, "frequency": "immediate"}
    browse(post.mails[0].link, {})
    assert frequencies()["inbox"] == {"on": True, "frequency": "daily"}


# Ceilings on the page


def ceilings() -> tuple[dict[str, int], str | None]:
    body = call("GET", PATH).body
    return {channel: each["count"] for channel, each in body["at_most"].items()}, body["digest_at"]


def choose(*at_most: str, digest_at: str | None = None) -> Answer:
    hour = {} if digest_at is None else {"digest_at": digest_at}
    form = {"shown": ["news/email"], "yes": ["news/email"], "at_most": at_most, **hour}
    return browse(preferences_link("ada"), form)


def test_the_page_has_a_ceiling_for_each_channel_that_reaches_the_reader_with_something_to_leave() -> None:
    assert browse(preferences_link("ada")).text.count('name="at_most"') == 2  # e-mail and inbox: no phone is known
    service("DELETE", "/v1/topics/news")
    assert 'name="at_most"' not in browse(preferences_link("ada")).text  # the other topic is required


def test_a_ceiling_is_chosen_changed_and_removed_on_the_page() -> None:
    chosen = choose("email/3", "inbox/", digest_at="07:30").text
    assert ceilings() == ({"email": 3}, "07:30")
    assert '<option value="email/3" selected>3</option>' in chosen
    assert '<input type="time" name="digest_at" value="07:30">' in chosen
    choose("email/5", "inbox/20", digest_at="07:30")
    assert ceilings() == ({"email": 5, "inbox": 20}, "07:30")
    choose("email/", "inbox/20", digest_at="")
    assert ceilings() == ({"inbox": 20}, None)


def test_a_ceiling_of_the_account_is_shown_and_kept_by_the_page() -> None:
    put({"topics": {"news": {"email": {"on": True}}}, "at_most": {"email": {"count": 7}, "sms": {"count": 2}}}, "*")
    assert '<option value="email/7" selected>7</option>' in browse(preferences_link("ada")).text
    choose("email/7", "inbox/1")
    assert ceilings() == ({"email": 7, "sms": 2, "inbox": 1}, None)


@pytest.mark.parametrize("said", ["email/0", "email/1001", "email/-1", "email/three", "email/1.5", "sms/2", "x/2"])
def test_what_a_form_says_that_the_page_does_not_offer_changes_nothing(said: str) -> None:
    choose("email/3", digest_at="07:30")
    assert choose(said, digest_at="25:00").status == 200
    assert ceilings() == ({"email": 3}, "07:30")


def test_a_form_without_ceilings_changes_none() -> None:
    choose("email/3", digest_at="07:30")
    save("news/email", often=["news/email/daily"])
    assert ceilings() == ({"email": 3}, "07:30")


def test_a_document_that_was_read_before_the_page_changed_a_ceiling_is_refused() -> None:
    read = tag()
    choose("email/3")
    assert put({"topics": {"news": {"email": {"on": True}}}}, read).status == 412
    assert ceilings() == ({"email": 3}, None)


def test_a_ceiling_that_others_change_at_the_same_time_is_chosen_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    real, others = claim_preferences, [5, 6]

    def claim(table: Any, user_id: str, before: Any, **chosen: Any) -> None:
        if others:
            stored = stores.audience().users.get("ada")
            assert stored is not None
            real(table, "ada", stored.preferences, at_most={"sms": others.pop()}, digest_at=None)
        real(table, user_id, before, **chosen)

    monkeypatch.setattr("fanfare.self_service.preferences.ceilings.claim_preferences", claim)
    choose("email/3")
    assert ceilings() == ({"sms": 5, "email": 3}, None)


def test_a_link_to_an_earlier_address_changes_no_ceiling() -> None:
    link = preferences_link("ada")
    service("PATCH", "/v1/users/ada", {"email": "new@example.com"})
    browse(link, {"shown": [], "yes": [], "at_most": ["email/3"]})
    assert ceilings() == ({}, None)
