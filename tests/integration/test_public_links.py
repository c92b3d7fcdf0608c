"""What people do without an account: subscribe, confirm, unsubscribe, choose."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from fanfare.domain.audience import Subscription
from fanfare.runtime import signing, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import settings
from fanfare.self_service import changes, sign_up

from tests.integration import internal_api
from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer
from tests.integration.letters import Post
from tests.integration.public_api import BASE, FORM, browse, call

MULTIPART = "multipart/form-data; boundary=x"
ATTACK = '"><script>alert(1)</script>{{ 7*7 }}'


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long answers were held back; nobody waits for it here."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture(autouse=True)
def news(aws: Aws) -> str:
    return topic("news", title="The news")


def topic(topic_id: str, **fields: Any) -> str:
    body = {"title": topic_id, "channels": ["email"], "public": True} | fields
    assert internal_api.call("PUT", f"/v1/topics/{topic_id}", body).status == 201
    return topic_id


def user(user_id: str = "ada", **fields: Any) -> str:
    internal_api.call("PUT", f"/v1/users/{user_id}", {"email": f"{user_id}@example.com"} | fields)
    return user_id


def subscribe(user_id: str, topic_id: str, channel: str = "email") -> None:
    assert internal_api.call("PUT", f"/v1/users/{user_id}/subscriptions/{topic_id}/{channel}").status == 201


def subscriptions(user_id: str) -> list[tuple[str, str]]:
    return [(each.topic, each.channel) for each in stores.audience().subscriptions.of_user(user_id)]


def ask(email: str = "grace@example.com", topic: str = "news", source: str = "192.0.2.1") -> Answer:
    return call("POST", "/v1/subscriptions", {"email": email, "topic": topic}, user=None, source=source)


def stored(aws: Aws) -> dict[str, Any]:
    """All that all tables hold."""
    return {table: aws.dynamodb.scan(TableName=table)["Items"] for table in aws.tables.values()}


# Double opt-in


def test_an_address_is_subscribed_once_its_link_is_confirmed(post: Post) -> None:
    assert ask().status == 202
    assert stores.audience().users.at_address("email", "grace@example.com") == []
    (mail,) = post.mails
    assert (mail.to, "The news" in browse(mail.link).text) == ("grace@example.com", True)
    done = browse(mail.link, {})
    (found,) = stores.audience().users.at_address("email", "grace@example.com")
    assert (done.status, "You are subscribed" in done.text) == (200, True)
    assert subscriptions(found) == [("news", "email")]


def test_a_confirmation_that_is_repeated_makes_one_user(post: Post) -> None:
    ask()
    assert [browse(post.mails[0].link, {}).status for _ in range(3)] == [200] * 3
    assert len(stores.audience().users.at_address("email", "grace@example.com")) == 1


def test_a_link_that_was_pressed_says_so_as_long_as_it_holds(post: Post) -> None:
    ask()
    link = post.mails[0].link
    browse(link, {})
    assert "You are subscribed" in browse(link).text
    (grace,) = stores.audience().users.at_address("email", "grace@example.com")
    internal_api.call("DELETE", f"/v1/users/{grace}/subscriptions/news/email")
    assert "Subscribe to “The news”?" in browse(link).text


def test_a_user_who_is_known_at_the_address_is_subscribed_as_that_user(post: Post) -> None:
    user("ada", email="Ada@Example.com")
    ask("ada@example.com")
    browse(post.mails[0].link, {})
    assert subscriptions("ada") == [("news", "email")]
    assert stores.audience().users.at_address("email", "ada@example.com") == ["ada"]


def test_what_was_asked_for_keeps_no_address_once_it_is_confirmed(post: Post, aws: Aws) -> None:
    ask()
    browse(post.mails[0].link, {})
    (kept,) = [item for item in stored(aws)[aws.tables["audience"]] if item["pk"]["S"].startswith("sign_up#")]
    assert "grace@example.com" not in str(kept)


def test_a_confirmation_works_for_three_days(post: Post, clock: Clock) -> None:
    ask()
    clock.advance(days=3)
    assert browse(post.mails[0].link).status == 200
    clock.advance(seconds=1)
    late = browse(post.mails[0].link, {})
    assert (late.status, "too old" in late.text) == (404, True)
    assert stores.audience().users.at_address("email", "grace@example.com") == []


def test_a_topic_that_is_no_longer_public_is_not_subscribed_to(post: Post) -> None:
    ask()
    internal_api.call("PUT", "/v1/topics/news", {"title": "The news", "channels": ["email"], "public": False})
    assert browse(post.mails[0].link, {}).status == 404
    assert stores.audience().users.at_address("email", "grace@example.com") == []


def test_a_user_who_was_erased_is_not_made_again_by_an_old_link(post: Post) -> None:
    ask()
    browse(post.mails[0].link, {})
    (found,) = stores.audience().users.at_address("email", "grace@example.com")
    internal_api.call("DELETE", f"/v1/users/{found}")
    assert browse(post.mails[0].link, {}).status == 404
    assert stores.audience().users.get(found) is None


def test_who_wants_nothing_at_all_is_told_that_this_still_holds(post: Post) -> None:
    stores.audience().users.opt_out(user("ada"), True)
    ask("ada@example.com")
    done = browse(post.mails[0].link, {})
    assert "nothing at all" in done.text
    found = stores.audience().users.get("ada")
    assert found is not None
    assert found.opted_out


def test_a_mail_to_confirm_has_one_link_and_no_topic_can_add_another(post: Post) -> None:
    topic("evil", title="<a href='https://evil.example'>x</a>\nBcc: all@example.com")
    ask(topic="evil")
    (mail,) = post.mails
    assert "\n" not in mail.subject
    assert "<a href='https://evil.example'>" not in mail.html
    assert [tag["Name"] for tag in mail.sent["EmailTags"]] == ["message_id", "user_id", "address_no"]
    assert "example" not in str(mail.sent["EmailTags"])
    assert mail.sent["FromEmailAddress"] == "Fanfare <no-reply@example.com>"


# Nobody learns who is known


@pytest.mark.parametrize("email", ["known@example.com", "unknown@example.com", "bounced@example.com"])
@pytest.mark.parametrize("to", ["news", "internal", "nothing", "phones"])
def test_the_answer_is_the_same_whoever_asks_for_whatever(email: str, to: str, post: Post, slept: list[float]) -> None:
    user("known")
    topic("internal", public=False)
    topic("phones", channels=["sms"])
    stores.audience().suppressions.add("email", "bounced@example.com", "bounced", at="2027-01-01T08:00:00.000Z")
    answer = ask(email, to)
    assert (answer.status, answer.body) == (202, {"status": "confirmation_requested"})
    assert len(post.mails) == (to == "news" and email != "bounced@example.com")
    assert len(slept) == 1


def test_a_provider_that_is_down_changes_nothing_in_the_answer(post: Post) -> None:
    post.refusal = (503, "ServiceUnavailable")
    assert (ask().status, ask().body) == (202, {"status": "confirmation_requested"})


def test_an_answer_takes_its_time_however_soon_it_is_found() -> None:
    slept: list[float] = []
    clock = iter([10.0, 10.2])
    with sign_up.steadily(monotonic=lambda: next(clock), sleep=slept.append, seconds=0.5):
        pass
    assert slept == [pytest.approx(0.3)]


@pytest.mark.parametrize("body", [{"email": "grace"}, {"email": "grace@example.com"}, {"topic": "news"}])
def test_what_can_not_be_an_address_is_refused(body: dict[str, str], post: Post) -> None:
    assert call("POST", "/v1/subscriptions", body, user=None).status == 422
    assert post.mails == []


def test_an_address_gets_three_links_an_hour(post: Post, clock: Clock) -> None:
    answers = {
        (answer.status, answer.text) for answer in (ask("Grace@example.com", source=f"192.0.2.{n}") for n in range(5))
    }
    assert (len(answers), len(post.mails)) == (1, 3)
    clock.advance(hours=1)
    ask()
    assert len(post.mails) == 4


def test_a_source_gets_thirty_links_an_hour(post: Post) -> None:
    answers = {ask(f"user{number}@example.com").text for number in range(32)}
    assert (len(answers), len(post.mails)) == (1, 30)
    ask("someone@example.com", source="192.0.2.2")
    assert len(post.mails) == 31


def test_a_proxy_that_is_trusted_names_the_source(post: Post) -> None:
    def ask_through(number: int, told: str) -> None:
        body = {"email": f"user{number}@example.com", "topic": "news"}
        call("POST", "/v1/subscriptions", body, user=None, headers={"x-real-ip": told})

    for number in range(40):  # not trusted, it says nothing
        ask_through(number, f"198.51.100.{number}")
    assert len(post.mails) == 30
    opened.put(settings, replace(settings(), source_header="X-Real-IP"))
    for number in range(40, 80):
        ask_through(number, f"198.51.100.{number}")
    assert len(post.mails) == 70
    for number in range(80, 120):
        ask_through(number, "2001:db8::1")
    assert len(post.mails) == 100


@pytest.mark.parametrize("told", ["", "unknown", "198.51.100.1, 198.51.100.2", "198.51.100.1:443", "é"])
def test_what_is_no_address_names_nobody(post: Post, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("FANFARE_SOURCE_HEADER", "X-Real-IP")
    for number in range(31):
        body = {"email": f"user{number}@example.com", "topic": "news"}
        assert call("POST", "/v1/subscriptions", body, user=None, headers={"x-real-ip": told}).status == 202
    assert len(post.mails) == 30


def test_a_source_over_its_limit_does_not_use_up_that_of_an_address(post: Post) -> None:
    for number in range(30):
        ask(f"user{number}@example.com", source="198.51.100.1")
    for _ in range(5):
        ask(source="198.51.100.1")
    ask(source="192.0.2.1")
    assert post.mails[-1].to == "grace@example.com"


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("192.0.2.1", {"sign_up_source": "192.0.2.1"}),
        ("::ffff:192.0.2.1", {"sign_up_source": "192.0.2.1"}),
        ("::FFFF:C000:0201", {"sign_up_source": "192.0.2.1"}),
        ("64:ff9b::c000:201", {"sign_up_source": "192.0.2.1"}),
        ("2001:db8:1:2::ffff:1", {"sign_up_source": "2001:db8:1:2::/64", "sign_up_site": "2001:db8:1::/48"}),
        ("2001:db8:1:2:9::%eth0", {"sign_up_source": "2001:db8:1:2::/64", "sign_up_site": "2001:db8:1::/48"}),
    ],
)
def test_a_source_is_counted_by_its_networks(source: str, counted: dict[str, str]) -> None:
    assert {limit.what: network for limit, network in sign_up.networks(source)} == counted


def test_two_addresses_of_ipv4_written_as_ipv6_do_not_share_a_limit(post: Post) -> None:
    for number in range(31):
        ask(f"user{number}@example.com", source="::ffff:198.51.100.1")
    ask(source="::ffff:198.51.100.2")
    assert (len(post.mails), post.mails[-1].to) == (31, "grace@example.com")


def test_a_site_of_ipv6_gets_a_hundred_and_twenty_links_an_hour_from_all_its_networks(post: Post) -> None:
    for number in range(130):
        ask(f"user{number}@example.com", source=f"2001:db8:1:{number:x}::1")
    assert len(post.mails) == 120
    ask(source="2001:db8:2::1")
    assert post.mails[-1].to == "grace@example.com"


def test_refused_sign_ups_are_counted(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        ask("reader@example.com")
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    refused = [(each["sign_ups_refused"], each["service"], each["stage"]) for each in printed]
    assert refused == [([1], "fanfare", "test")] * 2


def test_who_asked_is_not_readable_in_the_table(post: Post, aws: Aws) -> None:
    ask()
    tried = [item for item in stored(aws)[aws.tables["audience"]] if item["pk"]["S"].startswith("attempts#")]
    assert len(tried) == 2
    assert "grace" not in str(tried)
    assert "192.0.2.1" not in str(tried)
    assert all("ttl" in item for item in tried)


# Links


def every_link(post: Post) -> list[str]:
    user("ada")
    subscribe("ada", "news")
    ask()
    call("PATCH", "/v1/me", {"email": "new@example.com"})
    links = signing.public_links()
    return [
        *(mail.link for mail in post.mails),
        links.unsubscribe_link("ada", "news", "email"),
        links.preferences_link("ada"),
    ]


def test_opening_a_link_changes_nothing(post: Post, aws: Aws) -> None:
    links = every_link(post)
    before = stored(aws)
    answers = [browse(link) for link in links]
    assert ([answer.status for answer in answers], len(links)) == ([200] * 4, 4)
    assert stored(aws) == before


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_scanner_with_another_method_changes_nothing(method: str, post: Post, aws: Aws) -> None:
    links = every_link(post)
    before = stored(aws)
    assert {call(method, link.removeprefix(BASE), user=None).status for link in links} == {405}
    assert stored(aws) == before


@pytest.mark.parametrize("purpose", ["confirmations", "unsubscribe", "preferences"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_tampered_with_is_a_friendly_page(purpose: str, method: str, post: Post, aws: Aws) -> None:
    token = signing.public_links().unsubscribe_link("ada", "news", "email").rpartition("/")[2]
    right = {"unsubscribe": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")}.get(purpose, token)
    for bad in (right, "x", "a.b", "%3Cscript%3E", "A" * 3_000):
        answer = browse(f"/v1/{purpose}/{bad}", None if method == "GET" else {})
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "work" in answer.text
        assert len(bad) < 5 or bad not in answer.text
    assert all(not items for name, items in stored(aws).items() if name != aws.tables["catalogue"])


def test_a_program_gets_a_problem_where_a_browser_gets_a_page(aws: Aws) -> None:
    answer = call("GET", "/v1/unsubscribe/x", user=None, headers={"accept": "*/*"})
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.body["code"] == "link_invalid"


def test_every_page_lets_nothing_else_in(post: Post) -> None:
    for link in [*every_link(post), "/v1/unsubscribe/x", "/docs"]:
        answer = browse(link)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"]
        assert "set-cookie" not in answer.headers
        assert not re.search(r"<script|\sstyle=|\son\w+=|<link|<img|<iframe", answer.text)
        assert '<html lang="en">' in answer.text


def test_a_parameter_that_a_mail_programme_adds_to_a_link_does_no_harm(post: Post) -> None:
    assert {browse(link, utm_source="mail").status for link in every_link(post)} == {200}


@pytest.mark.parametrize("name", ["confirm", "unsubscribe", "preferences"])
def test_what_services_write_is_shown_as_text(name: str, post: Post) -> None:
    topic("evil", title=ATTACK, description=ATTACK, category=ATTACK[:100])
    user("ada", name=ATTACK)
    subscribe("ada", "evil")
    ask(topic="evil")
    links = signing.public_links()
    pages = {
        "confirm": post.mails[0].link,
        "unsubscribe": links.unsubscribe_link("ada", "evil", "email"),
        "preferences": links.preferences_link("ada"),
    }
    text = browse(pages[name]).text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7*7 }}" in text


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
    path = signing.public_links().unsubscribe_link("ada", "news", "email").removeprefix(BASE)
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
    browse(signing.public_links().unsubscribe_link("ada", "deals", "email"), {})
    assert subscriptions("ada") == [("deals", "sms"), ("news", "email")]


def test_a_link_works_when_user_and_topic_are_gone() -> None:
    subscribe(user("ada"), "news")
    link = signing.public_links().unsubscribe_link("ada", "news", "email")
    internal_api.call("DELETE", "/v1/topics/news")
    assert browse(link, {}).status == 200
    assert subscriptions("ada") == []
    internal_api.call("DELETE", "/v1/users/ada")
    assert [browse(link).status, browse(link, {}).status] == [200, 200]
    assert stores.audience().users.get("ada") is None


def test_the_page_asks_first_and_leads_to_all_choices() -> None:
    subscribe(user("ada"), "news")
    links = signing.public_links()
    page = browse(links.unsubscribe_link("ada", "news", "email")).text
    assert '<form method="post">' in page
    assert links.preferences_link("ada") in page
    browse(links.unsubscribe_link("ada", "news", "email"), {})
    assert "<form" not in browse(links.unsubscribe_link("ada", "news", "email")).text


def test_a_key_that_was_rotated_away_ends_its_links_and_a_newer_one_does_not() -> None:
    subscribe(user("ada"), "news")
    link = signing.public_links().unsubscribe_link("ada", "news", "email")
    old = dict(signing.signing_keys())
    opened.put(signing.signing_keys.opened, lambda: {**old, "k2": "a newer key"})
    assert browse(link).status == 200
    opened.put(signing.signing_keys.opened, lambda: {"k2": "a newer key"})
    assert browse(link).status == 404


# Preferences


def choose(user_id: str, *yes: str, shown: list[str] | None = None, **form: Any) -> Answer:
    link = signing.public_links().preferences_link(user_id)
    seen = shown if shown is not None else re.findall(r'name="shown" value="([^"]+)"', browse(link).text)
    return browse(link, {"shown": seen, "yes": yes, **form})


def test_the_page_shows_public_topics_and_those_of_the_user() -> None:
    topic("own", title="My own", public=False)
    topic("secret", title="Not mine", public=False)
    subscribe(user("ada"), "own")
    page = browse(signing.public_links().preferences_link("ada")).text
    assert ("The news" in page, "My own" in page, "Not mine" in page) == (True, True, False)
    assert re.search(r'value="own/email" checked', page)
    assert not re.search(r'value="news/email" checked', page)


def test_choices_are_stored_as_they_are_ticked() -> None:
    topic("deals", channels=["email", "sms", "inbox"])
    subscribe(user("ada"), "news")
    answer = choose("ada", "deals/sms", "deals/inbox")
    assert (answer.status, "Your choices are saved" in answer.text) == (200, True)
    assert subscriptions("ada") == [("deals", "inbox"), ("deals", "sms")]
    choose("ada")
    assert subscriptions("ada") == []


def test_a_form_that_gives_too_much_takes_away_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "BY_USER", replace(changes.BY_USER, count=2))
    topic("deals", channels=["email", "sms", "inbox"])
    subscribe(user("ada"), "news")
    assert choose("ada", "news/email", "deals/sms", "deals/email").status == 200
    assert subscriptions("ada") == [("deals", "email"), ("deals", "sms"), ("news", "email")]
    answer = choose("ada", "deals/sms", "deals/inbox")
    assert (answer.status, "too much at once" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) > 0
    assert subscriptions("ada") == [("deals", "sms")]
    assert choose("ada", nothing="yes").status == 200
    assert subscriptions("ada") == []
    assert choose("ada").status == 429  # it would lift the opt-out
    assert stores.audience().users.get("ada").opted_out  # type: ignore[union-attr]


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
    page = browse(signing.public_links().preferences_link("ada")).text
    assert re.search(r'value="needed/email" checked disabled', page)
    choose("ada", shown=["needed/email", "news/email"])
    assert subscriptions("ada") == [("needed", "email")]


def test_nothing_at_all_is_kept_beside_the_choices_and_can_be_taken_back() -> None:
    subscribe(user("ada"), "news")
    page = choose("ada", "news/email", nothing="yes").text
    assert re.search(r'name="nothing" value="yes" checked', page)
    opted_out = [stores.audience().users.get("ada").opted_out]  # type: ignore[union-attr]
    choose("ada", "news/email")
    opted_out.append(stores.audience().users.get("ada").opted_out)  # type: ignore[union-attr]
    assert (opted_out, subscriptions("ada")) == ([True, False], [("news", "email")])


def test_choices_of_somebody_who_was_erased_are_not_there() -> None:
    link = signing.public_links().preferences_link(user("ada"))
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
    path = signing.public_links().preferences_link("ada").removeprefix(BASE)
    assert call("POST", path, raw=raw, content_type=content_type, user=None).status == status
    assert subscriptions("ada") == [("news", "email")]


def test_a_subscription_keeps_its_date_when_it_is_ticked_again(clock: Clock) -> None:
    subscribe(user("ada"), "news")
    (before,) = stores.audience().subscriptions.of_user("ada")
    clock.advance(days=1)
    choose("ada", "news/email")
    assert list(stores.audience().subscriptions.of_user("ada")) == [before]
    assert isinstance(before, Subscription)
