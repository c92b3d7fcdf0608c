"""What people do without an account: subscribe, confirm, refuse; and what holds for every link."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from fanfare.domain.audience import User
from fanfare.runtime import signing, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import settings
from fanfare.self_service import sign_up

from tests.integration import internal_api
from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer
from tests.integration.letters import Post
from tests.integration.public_api import BASE, FORM, browse, call, preferences_link, reader, unsubscribe_link

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


def test_a_sign_up_is_of_a_user_of_its_own_whoever_else_has_the_address(post: Post) -> None:
    """A mailbox may be shared: nobody speaks for another who reads it."""
    for name in ("ada", "bob"):
        user(name, email="Family@Example.com")
    topic("deals")
    for to in ("news", "deals"):
        ask("family@example.com", to)
        browse(post.mails[-1].link, {})
    (own,) = {*stores.audience().users.at_address("email", "family@example.com")} - {"ada", "bob"}
    assert subscriptions(own) == [("deals", "email"), ("news", "email")]
    assert subscriptions("ada") == subscriptions("bob") == []


def test_a_confirmation_says_when_it_was_asked_for(post: Post, clock: Clock) -> None:
    clock.advance(minutes=7)
    ask()
    (mail,) = post.mails
    clock.advance(days=1)
    page = browse(mail.link).text
    assert all("January 1, 2027, 8:07\u202fAM UTC" in each for each in (mail.text, mail.html, page))


def test_what_somebody_else_asked_for_is_forgotten(post: Post, aws: Aws) -> None:
    ask()
    link = post.mails[0].link
    assert "That was not me" in browse(link).text
    assert "Forgotten" in browse(link, {"what": "not_me"}).text
    assert [browse(link).status, browse(link, {}).status] == [404, 404]
    assert "grace@example.com" not in str(stored(aws))


def test_what_was_confirmed_stays_if_somebody_says_it_was_not_them(post: Post) -> None:
    ask()
    link = post.mails[0].link
    browse(link, {})
    browse(link, {"what": "not_me"})
    (found,) = stores.audience().users.at_address("email", "grace@example.com")
    assert subscriptions(found) == [("news", "email")]


def test_the_page_of_a_fresh_confirmation_alone_leads_to_the_choices(post: Post) -> None:
    """Whoever finds the mail later does not."""
    ask()
    link = post.mails[0].link
    assert "/v1/preferences/" in browse(link, {}).text
    assert "/v1/preferences/" not in browse(link, {}).text + browse(link).text


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
    topic("deals")
    ask()
    browse(post.mails[0].link, {})
    (grace,) = stores.audience().users.at_address("email", "grace@example.com")
    stores.audience().users.opt_out(grace, True)
    ask(topic="deals")
    assert "nothing at all" in browse(post.mails[-1].link, {}).text
    assert reader(grace).opted_out


def test_a_mail_to_confirm_has_its_link_and_one_that_stops_such_mails_and_no_topic_can_add_another(post: Post) -> None:
    topic("evil", title="<a href='https://evil.example'>x</a>\nBcc: all@example.com")
    ask(topic="evil")
    (mail,) = post.mails
    assert "\n" not in mail.subject
    assert "<a href='https://evil.example'>" not in mail.html
    assert [tag["Name"] for tag in mail.sent["EmailTags"]] == ["message_id", "user_id", "address_no"]
    assert "example" not in str(mail.sent["EmailTags"])
    assert mail.sent["FromEmailAddress"] == "Fanfare <no-reply@example.com>"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("Ada@FAß.example", "Ada@xn--fa-hia.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_a_sign_up_with_an_international_domain_is_sent_its_link(written: str, sent: str, post: Post) -> None:
    assert ask(written).status == 202
    (mail,) = post.mails
    assert mail.to == sent
    assert all(each.isascii() for each in [mail.sent["FromEmailAddress"], *mail.sent["Destination"]["ToAddresses"]])


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


def test_a_source_gets_three_links_an_hour_for_an_address_and_all_sources_nine(post: Post, clock: Clock) -> None:
    answers = {
        (answer.status, answer.text)
        for n in range(5)
        for answer in (ask("Grace@example.com", source=f"192.0.2.{n}") for _ in range(4))
    }
    assert (len(answers), len(post.mails)) == (1, 9)
    clock.advance(hours=1)
    ask()
    assert len(post.mails) == 10


def test_nobody_locks_an_address_out_of_its_owners_own_try(post: Post) -> None:
    for _ in range(20):
        ask(source="198.51.100.1")
    sent = len(post.mails)
    ask(source="192.0.2.1")
    assert (sent, len(post.mails)) == (3, 4)


def test_a_tag_makes_no_other_mailbox(post: Post) -> None:
    for tag in ("", "+a", "+b", "+c", "+d"):
        ask(f"grace{tag}@example.com")
    assert len(post.mails) == 3


def test_a_reader_stops_such_mails_for_good(post: Post, clock: Clock, aws: Aws) -> None:
    ask()
    (mail,) = post.mails
    assert mail.header("List-Unsubscribe") == f"<{mail.stop}>"
    assert mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert "Never send me such mails again" in browse(mail.stop).text
    path = mail.stop.removeprefix(BASE)
    assert {
        call("POST", path, raw="List-Unsubscribe=One-Click", content_type=FORM, user=None).status for _ in "ab"
    } == {200}
    clock.advance(days=400)
    answers = {ask(email).text for email in ("grace@example.com", "Grace+tag@Example.com", "other@example.com")}
    assert (len(answers), [each.to for each in post.mails[1:]]) == (1, ["other@example.com"])
    assert call("PATCH", "/v1/me", {"email": "grace@example.com"}).body["pending"]["email"] == "grace@example.com"
    assert len(post.mails) == 2
    (kept,) = [item for item in stored(aws)[aws.tables["audience"]] if item["pk"]["S"].startswith("refusal#")]
    assert "grace" not in str(kept)


def test_a_reader_allows_such_mails_again(post: Post) -> None:
    ask()
    stop = post.mails[0].stop
    browse(stop, {"what": "never"})
    ask()
    assert len(post.mails) == 1
    assert "again" in browse(stop, {"what": "allow"}).text
    ask()
    assert len(post.mails) == 2


def test_a_refusal_outlasts_a_rotation_of_the_key(post: Post) -> None:
    ask()
    browse(post.mails[0].stop, {})
    old = dict(signing.code_keys())
    opened.put(signing.code_keys.opened, lambda: {**old, "k2": "a newer key"})
    ask()
    assert len(post.mails) == 1


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
    assert len(tried) == 3
    assert "grace" not in str(tried)
    assert "192.0.2.1" not in str(tried)
    assert all("ttl" in item for item in tried)


# Links


def every_link(post: Post) -> list[str]:
    user("ada")
    subscribe("ada", "news")
    ask()
    call("PATCH", "/v1/me", {"email": "new@example.com"})
    topic("more")
    browse(preferences_link("ada"), {"shown": "more/email", "yes": "more/email"})
    return [
        *(mail.link for mail in post.mails),
        post.mails[0].stop,
        unsubscribe_link("ada", "news"),
        preferences_link("ada"),
    ]


def test_opening_a_link_changes_nothing(post: Post, aws: Aws) -> None:
    links = every_link(post)
    before = stored(aws)
    answers = [browse(link) for link in links]
    assert ([answer.status for answer in answers], len(links)) == ([200] * 6, 6)
    assert stored(aws) == before


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405)])
def test_a_scanner_with_another_method_changes_nothing(method: str, status: int, post: Post, aws: Aws) -> None:
    links = every_link(post)
    before = stored(aws)
    assert {call(method, link.removeprefix(BASE), user=None).status for link in links} == {status}
    assert stored(aws) == before


@pytest.mark.parametrize("purpose", ["confirmations", "unsubscribe", "preferences"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_tampered_with_is_a_friendly_page(purpose: str, method: str, post: Post, aws: Aws) -> None:
    nobody = User(id="ada", profile={})
    token = signing.public_links().unsubscribe_link(nobody, "news", "email").rpartition("/")[2]
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
    for link in [*every_link(post), "/v1/unsubscribe/x"]:
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
        assert '<html lang="en" dir="ltr">' in answer.text


def test_a_parameter_that_a_mail_programme_adds_to_a_link_does_no_harm(post: Post) -> None:
    assert {browse(link, utm_source="mail").status for link in every_link(post)} == {200}


@pytest.mark.parametrize("name", ["confirm", "unsubscribe", "preferences"])
def test_what_services_write_is_shown_as_text(name: str, post: Post) -> None:
    topic("evil", title=ATTACK, description=ATTACK, category=ATTACK[:100])
    user("ada", name=ATTACK)
    subscribe("ada", "evil")
    ask(topic="evil")
    pages = {
        "confirm": post.mails[0].link,
        "unsubscribe": unsubscribe_link("ada", "evil"),
        "preferences": preferences_link("ada"),
    }
    text = browse(pages[name]).text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7*7 }}" in text
