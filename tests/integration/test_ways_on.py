"""What a page offers next: to undo, a new link for one that is too old or broken, the reader's own consents."""

from __future__ import annotations

import json
import re
import time

import pytest
from fanfare.self_service.unsubscribe import BY_READER

from tests.integration import internal_api
from tests.integration.conftest import Aws, Clock
from tests.integration.letters import Post
from tests.integration.public_api import browse, call, preferences_link, reader, unsubscribe_link
from tests.integration.test_public_links import ask, subscribe, subscriptions, topic, user


@pytest.fixture(autouse=True)
def news(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return topic("news", title="The news", titles={"de": "Nachrichten"})


def undo_in(page: str) -> dict[str, str]:
    (token,) = re.findall(r'name="undo" value="([^"]+)"', page)
    return {"what": "undo", "undo": token}


# Undo


def test_a_press_on_undo_brings_the_subscription_back() -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    undo = undo_in(browse(link, {"what": "topic"}).text)
    assert subscriptions("ada") == []
    for _ in "ab":
        assert "You are subscribed again" in browse(link, undo).text
    assert subscriptions("ada") == [("news", "email")]
    assert call("GET", "/v1/me/consents").body["items"][0]["by"] == "page"


def test_a_press_on_undo_takes_back_unsubscribe_from_everything() -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    undo = undo_in(browse(link, {"what": "everything"}).text)
    assert reader("ada").opted_out
    assert "You get messages again" in browse(link, undo).text
    assert not reader("ada").opted_out


def test_what_changed_nothing_can_not_be_undone() -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    for what in ("topic", "everything"):
        browse(link, {"what": what})
        assert 'name="undo"' not in browse(link, {"what": what}).text


def test_undo_ends_after_a_quarter_of_an_hour_and_undoes_no_later_no(clock: Clock) -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    undo = undo_in(browse(link, {"what": "topic"}).text)
    browse(link, undo)
    clock.advance(minutes=5)
    browse(link, {})
    again = browse(link, undo)
    assert (again.status, "too late" in again.text, subscriptions("ada")) == (404, True, [])
    clock.advance(minutes=11)
    assert (browse(link, undo).status, subscriptions("ada")) == (404, [])


def test_undo_is_for_the_link_of_its_page_alone() -> None:
    topic("deals")
    for each in ("ada", "eve"):
        subscribe(user(each), "news")
    undo = undo_in(browse(unsubscribe_link("ada", "news"), {"what": "topic"}).text)
    for link in (unsubscribe_link("eve", "news"), unsubscribe_link("ada", "deals")):
        assert browse(link, undo).status == 404
    assert browse(unsubscribe_link("ada", "news"), undo | {"undo": undo["undo"][:-1] + "x"}).status == 404
    assert subscriptions("ada") == []


# A new link


def test_a_link_that_is_too_old_is_sent_anew_to_the_stored_address(post: Post, clock: Clock) -> None:
    ask()
    link = post.mails[0].link
    clock.advance(days=4)
    assert 'value="again"' in browse(link).text
    answer = browse(link, {"what": "again"})
    assert (answer.status, "it is on its way" in answer.text) == (200, True)
    assert [mail.to for mail in post.mails] == ["grace@example.com"] * 2
    assert "You are subscribed" in browse(post.mails[1].link, {}).text


def test_new_links_are_limited_like_sign_ups(post: Post, clock: Clock) -> None:
    ask()
    clock.advance(days=4)
    for _ in range(6):
        browse(post.mails[0].link, {"what": "again"})
    assert len(post.mails) == 4


def test_old_choices_lead_to_a_link_to_the_preferences(post: Post, clock: Clock) -> None:
    user("ada")
    browse(preferences_link("ada"), {"shown": "news/email", "yes": "news/email"})
    clock.advance(days=4)
    browse(post.mails[0].link, {"what": "again"})
    assert (post.mails[1].to, "/v1/preferences/" in post.mails[1].link) == ("ada@example.com", True)


@pytest.mark.parametrize("purpose", ["unsubscribe", "preferences"])
def test_who_has_a_broken_link_gets_one_at_the_address_that_is_known(purpose: str, post: Post) -> None:
    user("ada")
    broken = f"https://people.example.com/v1/{purpose}/broken"
    page = browse(broken)
    assert (page.status, 'value="find"' in page.text) == (404, True)
    forms = [{"what": "find", "email": email} for email in ("ADA@example.com", "eve@example.com", "", "x" * 5_000)]
    answers = {(answer.status, answer.text) for answer in (browse(broken, form) for form in forms)}
    assert (len(answers), [mail.to for mail in post.mails]) == (1, ["ada@example.com"])
    assert "/v1/preferences/" in post.mails[0].link
    for _ in range(5):
        browse(broken, forms[0])
    assert len(post.mails) == BY_READER.count == 3


def test_the_link_of_an_erased_user_says_so_and_offers_nothing() -> None:
    subscribe(user("ada"), "news")
    links = [unsubscribe_link("ada", "news"), preferences_link("ada")]
    internal_api.call("DELETE", "/v1/users/ada")
    for link in links:
        page = browse(link)
        assert (page.status, "no longer exists" in page.text, "<form" in page.text) == (404, True, False)


# Consents


def test_a_reader_sees_and_saves_their_own_consents(clock: Clock) -> None:
    subscribe(user("ada", locale="de"), "news")
    clock.advance(minutes=1)
    browse(unsubscribe_link("ada", "news"), {})
    link = preferences_link("ada")
    assert "show=consents" in browse(link).text
    page = browse(link, show="consents").text
    cells = re.findall(r"<td>(?:<[^>]*>)?([^<]*)", page)
    what = "„Nachrichten“ per E\u2011Mail"
    assert cells[1:4] == [what, "Abbestellt", "Durch Sie, mit einem Klick in Ihrem E-Mail-Programm"]
    assert cells[5:8] == [what, "Abonniert", "Durch den Absender"]
    saved = browse(link, show="export")
    assert saved.headers["content-disposition"] == 'attachment; filename="consents.json"'
    assert [(each["state"], each["by"]) for each in json.loads(saved.text)["items"]] == [
        ("unsubscribed", "one_click"),
        ("subscribed", "service"),
    ]


def test_a_link_of_an_earlier_address_shows_no_consents() -> None:
    subscribe(user("ada"), "news")
    link = preferences_link("ada")
    internal_api.call("PUT", "/v1/users/ada", {"email": "new@example.com"})
    for show in ("consents", "export"):
        assert "news" not in browse(link, show=show).text.lower()


def test_a_category_is_written_as_the_first_topic_has_it() -> None:
    topic("a", title="A", category="API news")
    topic("b", title="B", category="api News")
    topic("c", title="C", category="orders")
    page = browse(preferences_link(user("ada"))).text
    assert re.findall("<h2>(.*)</h2>", page) == ["API news", "General", "Orders"]


def test_the_preference_page_has_only_channels_that_reach_the_reader() -> None:
    topic("deals", title="The deals", channels=["sms", "push"])
    topic("both", title="Both", channels=["email", "sms"])
    user("ada")
    page = browse(preferences_link("ada")).text
    assert re.findall(r'name="yes" value="([^"]*)"', page) == ["both/email", "news/email"]
    assert "The deals" not in page
