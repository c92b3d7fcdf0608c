"""What a link in a mail takes away, and what it does not give: it is for ever, and may be forwarded or logged."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from fanfare.domain.audience import Subscription
from fanfare.runtime import signing, stores
from fanfare.runtime.registry import opened
from fanfare.self_service import changes

from tests.integration import internal_api
from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer
from tests.integration.letters import Post
from tests.integration.public_api import BASE, FORM, browse, call, preferences_link, reader, unsubscribe_link
from tests.integration.test_public_links import stored, subscribe, subscriptions, topic, user

MULTIPART = "multipart/form-data; boundary=x"
# As they were handed out before links had a generation, under the key of these tests
FIRST_UNSUBSCRIBE = "/v1/unsubscribe/WyJhZGEiLCJvcmRlcnMiLCJlbWFpbCJd.hgUVpQQzcT68DAH5RahuU89T3DMF7xO1FaItLXds1Rw"
FIRST_PREFERENCES = "/v1/preferences/WyJhZGEiXQ.9cs5kB-c_4l7tAuiTcL-09-YB0Asri0YrZtaQPUROBs"


@pytest.fixture(autouse=True)
def news(aws: Aws, post: Post) -> str:
    return topic("news", title="The news")


def known_before(aws: Aws, user_id: str = "ada") -> None:
    """A user who was stored before users had a generation."""
    user(user_id)
    key: Any = {"pk": {"S": f"user#{user_id}"}, "sk": {"S": "user"}}
    aws.dynamodb.update_item(TableName=aws.tables["audience"], Key=key, UpdateExpression="REMOVE generation")


def move(user_id: str, email: str) -> None:
    assert internal_api.call("PUT", f"/v1/users/{user_id}", {"email": email}).status == 200


# Unsubscribe


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        ("List-Unsubscribe=One-Click", FORM),
        ("", FORM),
        (None, None),
        ("", None),
        ('--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--', MULTIPART),
    ],
)  # fmt: skip
def test_one_click_unsubscribes(raw: str | None, content_type: str | None) -> None:
    subscribe(user("ada"), "news")
    path = unsubscribe_link("ada", "news").removeprefix(BASE)
    answers = [call("POST", path, raw=raw, content_type=content_type, user=None) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert not {"location", "set-cookie"} & answers[0].headers.keys()
    assert subscriptions("ada") == []


def test_only_the_topic_and_channel_of_the_link_are_left() -> None:
    topic("deals", channels=["email", "sms"])
    user("ada")
    for each in ("news", "deals"):
        subscribe("ada", each)
    subscribe("ada", "deals", "sms")
    browse(unsubscribe_link("ada", "deals"), {})
    assert subscriptions("ada") == [("deals", "sms"), ("news", "email")]


def test_a_link_works_when_the_topic_is_gone() -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    internal_api.call("DELETE", "/v1/topics/news")
    assert browse(link, {}).status == 200
    assert subscriptions("ada") == []


def test_a_link_is_void_for_an_erased_user_and_for_the_next_under_the_same_id(aws: Aws) -> None:
    topic("orders")
    subscribe(user("ada"), "news")
    links = [unsubscribe_link("ada", "news"), preferences_link("ada"), FIRST_UNSUBSCRIBE, FIRST_PREFERENCES]
    forms = [{}, {"what": "everything"}, {"shown": "news/email"}, {"nothing": "yes"}, {"what": "preferences"}]
    internal_api.call("DELETE", "/v1/users/ada")
    for again in (False, True):
        if again:
            for each in ("news", "orders"):
                subscribe(user("ada"), each)
        before = stored(aws)
        for link in links:
            assert {browse(link).status, *(browse(link, form).status for form in forms)} == {404}
        assert stored(aws) == before


def test_the_page_offers_the_topic_and_everything_and_shows_nothing_else(post: Post) -> None:
    topic("deals", title="The deals")
    user("ada", name="Mrs Ada", phone="+436641234567")
    for each in ("news", "deals"):
        subscribe("ada", each)
    link = unsubscribe_link("ada", "news")
    texts = [browse(link).text, browse(link, {"what": "preferences"}).text, browse(link, {}).text, browse(link).text]
    assert re.findall(r'name="what" value="(\w+)"', texts[0]) == ["topic", "everything", "preferences"]
    for told in ("/v1/preferences/", "The deals", "Mrs Ada", "ada@example.com", "+43664"):
        assert told not in "".join(texts)
    assert "get “The news”" in texts[0]
    assert "t get “The news” by" in texts[3]


def test_the_page_takes_everything_away() -> None:
    subscribe(user("ada"), "news")
    answer = browse(unsubscribe_link("ada", "news"), {"what": "everything"})
    assert (answer.status, "unsubscribed from everything" in answer.text) == (200, True)
    assert (reader("ada").opted_out, subscriptions("ada")) == (True, [("news", "email")])


def test_a_link_to_all_choices_is_mailed_to_the_address_in_use(post: Post) -> None:
    subscribe(user("ada"), "news")
    page = browse(unsubscribe_link("ada", "news"), {"what": "preferences"}).text
    (mail,) = post.mails
    assert (mail.to, mail.link in page, "The news" in browse(mail.link).text) == ("ada@example.com", False, True)


def test_a_link_to_all_choices_is_mailed_three_times_a_day_and_nobody_learns_whether(post: Post) -> None:
    link = unsubscribe_link(user("ada"), "news")
    nowhere = unsubscribe_link(user("nowhere", email=None), "news")
    pages = {browse(each, {"what": "preferences"}).text for each in [link] * 5 + [nowhere]}
    assert (len(pages), len(post.mails)) == (1, 3)


def test_a_link_of_an_earlier_address_takes_away_and_causes_no_mail(post: Post) -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    move("ada", "new@example.com")
    assert 'value="preferences"' not in browse(link).text
    browse(link, {"what": "preferences"})
    assert (browse(link, {}).status, subscriptions("ada"), post.mails) == (200, [], [])


def test_a_link_of_the_first_version_takes_away(aws: Aws, post: Post) -> None:
    known_before(aws)
    for each in (topic("orders"), "news"):
        subscribe("ada", each)
    assert browse(FIRST_UNSUBSCRIBE).status == 200
    assert browse(FIRST_UNSUBSCRIBE, {"List-Unsubscribe": "One-Click"}).status == 200
    assert subscriptions("ada") == [("news", "email")]
    page = browse(FIRST_PREFERENCES)
    assert (page.status, "The news" in page.text) == (200, False)
    form = {"shown": ["news/email", "orders/email"], "yes": "orders/email"}
    assert browse(FIRST_PREFERENCES, form).status == 200
    assert (subscriptions("ada"), post.mails) == ([], [])
    browse(FIRST_PREFERENCES, {"nothing": "yes"})
    assert reader("ada").opted_out


def test_a_user_of_before_keeps_their_links_when_a_service_writes_them(aws: Aws) -> None:
    known_before(aws)
    move("ada", "new@example.com")
    subscribe("ada", topic("orders"))
    assert browse(FIRST_UNSUBSCRIBE, {}).status == 200
    assert subscriptions("ada") == []


def test_a_key_that_was_rotated_away_ends_its_links_and_a_newer_one_does_not() -> None:
    subscribe(user("ada"), "news")
    link = unsubscribe_link("ada", "news")
    old = dict(signing.signing_keys())
    opened.put(signing.signing_keys.opened, lambda: {**old, "k2": "a newer key"})
    assert browse(link).status == 200
    opened.put(signing.signing_keys.opened, lambda: {"k2": "a newer key"})
    assert browse(link).status == 404


# Preferences


GIVEN = "a link there confirms what you added"


def choose(user_id: str, *yes: str, shown: list[str] | None = None, **form: Any) -> Answer:
    link = preferences_link(user_id)
    seen = shown if shown is not None else re.findall(r'name="shown" value="([^"]+)"', browse(link).text)
    return browse(link, {"shown": seen, "yes": yes, **form})


def test_the_page_shows_public_topics_and_those_of_the_user() -> None:
    topic("own", title="My own", public=False)
    topic("secret", title="Not mine", public=False)
    subscribe(user("ada"), "own")
    page = browse(preferences_link("ada")).text
    assert ("The news" in page, "My own" in page, "Not mine" in page) == (True, True, False)
    assert re.search(r'value="own/email" checked', page)
    assert not re.search(r'value="news/email" checked', page)


def test_what_is_unticked_ends_at_once_and_what_is_ticked_holds_once_it_is_confirmed(post: Post) -> None:
    topic("deals", title="The deals", channels=["email", "sms", "inbox"])
    subscribe(user("ada", phone="+436641234567"), "news")
    answer = choose("ada", "deals/sms", "deals/inbox")
    assert (answer.status, "Your choices are saved" in answer.text, GIVEN in answer.text) == (200, True, True)
    assert subscriptions("ada") == []
    (mail,) = post.mails
    page = browse(mail.link).text
    assert (mail.to, "“The deals” by text message" in page, subscriptions("ada")) == ("ada@example.com", True, [])
    assert "January 1, 2027, 8:00\u202fAM UTC" in page
    assert [browse(mail.link, {}).status for _ in range(2)] == [200, 200]
    assert subscriptions("ada") == [("deals", "inbox"), ("deals", "sms")]
    choose("ada")
    assert (subscriptions("ada"), len(post.mails)) == ([], 1)
    browse(mail.link, {})
    assert subscriptions("ada") == []


def test_only_the_newest_choices_are_confirmed(post: Post) -> None:
    for each in ("deals", "more"):
        topic(each)
    user("ada")
    for each in ("deals", "more"):
        choose("ada", f"{each}/email")
    assert [browse(mail.link, {}).status for mail in post.mails] == [404, 200]
    assert subscriptions("ada") == [("more", "email")]


def test_choices_that_somebody_else_made_are_forgotten(post: Post) -> None:
    user("ada")
    choose("ada", "news/email")
    (mail,) = post.mails
    assert browse(mail.link, {"what": "not_me"}).status == 200
    assert (browse(mail.link, {}).status, subscriptions("ada")) == (404, [])


def test_a_changed_address_voids_what_waits_to_be_confirmed(post: Post) -> None:
    user("ada")
    choose("ada", "news/email")
    move("ada", "new@example.com")
    assert (browse(post.mails[0].link, {}).status, subscriptions("ada")) == (404, [])


def test_a_link_of_an_earlier_address_shows_no_choices_and_gives_nothing(post: Post) -> None:
    subscribe(user("ada"), "news")
    topic("deals")
    link = preferences_link("ada")
    move("ada", "new@example.com")
    page = browse(link)
    assert (page.status, "The news" in page.text) == (200, False)
    answer = browse(link, {"shown": ["news/email", "deals/email"], "yes": "deals/email"})
    assert (answer.status, "add anything" in answer.text) == (200, True)
    assert (subscriptions("ada"), post.mails) == ([], [])
    browse(link, {"nothing": "yes"})
    browse(link, {"shown": [], "yes": []})
    assert (reader("ada").opted_out, post.mails) == (True, [])


@pytest.mark.parametrize("how", ["no address", "suppressed", "often"])
def test_a_wish_that_can_not_be_confirmed_gives_nothing(how: str, post: Post) -> None:
    user("ada", email=None if how == "no address" else "ada@example.com")
    if how == "suppressed":
        stores.audience().suppressions.add("email", "ada@example.com", "bounced", at="2027-01-01T08:00:00.000Z")
    for _ in range(11 if how == "often" else 1):
        text = choose("ada", "news/email", shown=["news/email"]).text
    told = {"no address": "no e-mail address", "suppressed": GIVEN, "often": "tomorrow"}[how]
    assert (told in text, len(post.mails), subscriptions("ada")) == (True, 10 if how == "often" else 0, [])


def test_a_form_that_gives_too_much_takes_away_all_the_same(monkeypatch: pytest.MonkeyPatch, post: Post) -> None:
    monkeypatch.setattr(changes, "BY_USER", replace(changes.BY_USER, count=2))
    topic("deals", channels=["email", "sms", "inbox"])
    subscribe(user("ada", phone="+436641234567"), "news")
    assert choose("ada", "news/email", "deals/sms", "deals/email").status == 200
    browse(post.mails[-1].link, {})
    assert subscriptions("ada") == [("deals", "email"), ("deals", "sms"), ("news", "email")]
    answer = choose("ada", "deals/sms", "deals/inbox")
    assert (answer.status, "too much at once" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) > 0
    assert subscriptions("ada") == [("deals", "sms")]
    assert choose("ada", nothing="yes").status == 200
    assert subscriptions("ada") == []
    assert choose("ada").status == 429  # it would lift the opt-out
    assert (reader("ada").opted_out, len(post.mails)) == (True, 1)


def test_what_the_page_did_not_show_stays() -> None:
    for each in ("news", topic("newer")):
        subscribe(user("ada"), each)
    choose("ada", shown=["news/email"])
    assert subscriptions("ada") == [("newer", "email")]


def test_a_form_chooses_only_what_the_page_offers() -> None:
    topic("secret", public=False)
    topic("needed", required=True)
    user("ada")
    forged = ["secret/email", "needed/email", "news/sms", "nothing/email", "news", "/", "news/email/x"]
    assert choose("ada", *forged, shown=forged).status == 200
    assert subscriptions("ada") == []


def test_a_required_topic_is_shown_and_stays() -> None:
    topic("needed", title="Needed", required=True)
    subscribe(user("ada"), "needed")
    page = browse(preferences_link("ada")).text
    assert re.search(r'value="needed/email" checked disabled', page)
    choose("ada", shown=["needed/email", "news/email"])
    assert subscriptions("ada") == [("needed", "email")]


def test_nothing_at_all_is_kept_beside_the_choices_and_is_taken_back_by_a_confirmation(post: Post) -> None:
    subscribe(user("ada"), "news")
    page = choose("ada", "news/email", nothing="yes").text
    assert re.search(r'name="nothing" value="yes" checked', page)
    opted_out = [reader("ada").opted_out]
    choose("ada", "news/email")
    opted_out.append(reader("ada").opted_out)
    browse(post.mails[0].link, {})
    opted_out.append(reader("ada").opted_out)
    assert (opted_out, subscriptions("ada")) == ([True, True, False], [("news", "email")])


def test_choices_of_somebody_who_was_erased_are_not_there() -> None:
    link = preferences_link(user("ada"))
    internal_api.call("DELETE", "/v1/users/ada")
    assert (browse(link).status, browse(link, {"nothing": "yes"}).status) == (404, 404)
    assert stores.audience().users.get("ada") is None


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        ("{}", "application/json", 415),
        ("a=" + "x" * 262_144, FORM, 413),
        ("&".join(["a=1"] * 20_001), FORM, 400),
        ("%ff=%ff", FORM, 200),
    ],
)
def test_choices_come_as_a_form(raw: str, content_type: str, status: int) -> None:
    subscribe(user("ada"), "news")
    path = preferences_link("ada").removeprefix(BASE)
    assert call("POST", path, raw=raw, content_type=content_type, user=None).status == status
    assert subscriptions("ada") == [("news", "email")]


def test_a_subscription_keeps_its_date_when_it_is_ticked_again(clock: Clock) -> None:
    subscribe(user("ada"), "news")
    (before,) = stores.audience().subscriptions.of_user("ada")
    clock.advance(days=1)
    choose("ada", "news/email")
    assert list(stores.audience().subscriptions.of_user("ada")) == [before]
    assert isinstance(before, Subscription)
