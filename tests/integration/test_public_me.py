"""What people do with a token of their account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fanfare.aws.transactions import Transaction
from fanfare.domain.delivery import Delivery
from fanfare.domain.outcomes import Outcome
from fanfare.runtime import stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import settings
from fanfare.self_service import changes

from tests.integration import internal_api
from tests.integration.conftest import Aws, Clock
from tests.integration.letters import Post
from tests.integration.public_api import browse, call

pytestmark = pytest.mark.usefixtures("aws")

NOTHING: dict[str, Any] = {
    "id": "ada",
    "name": None,
    "email": None,
    "phone": None,
    "push": [],
    "webhook": None,
    "locale": None,
    "time_zone": None,
    "quiet_hours": None,
    "attributes": {},
    "opted_out": False,
    "pending": {"email": None, "phone": None},
    "suppressed": {},
}
MESSAGES = [f"01941f29-7c00-7abc-8def-0123456789a{number}" for number in range(3)]


def topic(topic_id: str = "news", **fields: Any) -> str:
    body = {"title": topic_id, "channels": ["email", "sms"], "public": True} | fields
    assert internal_api.call("PUT", f"/v1/topics/{topic_id}", body).status in (200, 201)
    return topic_id


def profile(user_id: str = "ada") -> dict[str, Any]:
    user = stores.audience().users.get(user_id)
    return dict(user.profile) if user else {}


# Whom the pool knows, and Fanfare does not yet


def test_a_user_of_the_pool_who_is_new_here_has_nothing() -> None:
    assert call("GET", "/v1/me").body == NOTHING
    assert call("GET", "/v1/me/inbox").body == {"items": [], "next_cursor": None, "unread": 0}
    for path in ("/v1/me/subscriptions", "/v1/me/deliveries", "/v1/topics"):
        assert call("GET", path).body == {"items": [], "next_cursor": None}
    assert stores.audience().users.get("ada") is None


@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/subscriptions", "/v1/me/inbox", "/v1/me/deliveries", "/v1/topics"])
def test_reading_makes_nobody(path: str) -> None:
    assert call("GET", path).status == 200
    assert stores.audience().users.get("ada") is None


def test_the_first_change_makes_the_user() -> None:
    assert call("PATCH", "/v1/me", {"name": "Ada"}).body == NOTHING | {"name": "Ada"}
    assert profile() == {"name": "Ada"}


def test_the_first_subscription_makes_the_user() -> None:
    assert call("PUT", f"/v1/me/subscriptions/{topic()}/sms").status == 201
    assert internal_api.call("GET", "/v1/users/ada").status == 200


@pytest.mark.parametrize("path", ["/v1/me/subscriptions/nothing/email", "/v1/me/subscriptions/news/push"])
def test_a_subscription_that_is_refused_makes_nobody(path: str) -> None:
    topic()
    assert call("PUT", path).status in (404, 422)
    assert stores.audience().users.get("ada") is None


# Who it is


@pytest.mark.parametrize("name", ["", "/ada", "~ada", "|", "a" * 129, "-", "a" * 120 + "/////", "\ud800"])
def test_a_token_that_names_nobody_who_can_be_a_user_is_refused(name: str) -> None:
    answer = call("GET", "/v1/me", user=name)
    assert (answer.status, answer.body["code"]) == (401, "unauthorized")


def test_without_a_token_nothing_is_told() -> None:
    assert call("GET", "/v1/me", user=None).status == 401
    assert call("PATCH", "/v1/me", {"name": "Eve"}, user=None).status == 401


def test_the_deployer_names_the_claim_that_has_the_id() -> None:
    opened.put(settings, replace(settings(), user_id_claim="customer"))
    assert call("GET", "/v1/me", claims={"customer": "c-17"}).body["id"] == "c-17"
    assert call("GET", "/v1/me").status == 401


def test_a_parameter_or_field_can_not_name_another_user() -> None:
    call("PATCH", "/v1/me", {"name": "Grace"}, user="grace")
    assert call("GET", "/v1/me", user_id="grace").pointers == ["?user_id"]
    assert call("PATCH", "/v1/me", {"id": "grace", "name": "Eve"}).pointers == ["/id"]
    assert call("GET", "/v1/me", headers={"x-user-id": "grace"}).body["id"] == "ada"
    assert profile("grace") == {"name": "Grace"}


def test_what_is_anothers_can_not_be_read_or_changed() -> None:
    call("PUT", f"/v1/me/subscriptions/{topic()}/email", user="grace")
    stores.inboxes().put([("grace", MESSAGES[0], "t", "b")])
    assert call("DELETE", "/v1/me/subscriptions/news/email").status == 204
    assert call("POST", f"/v1/me/inbox/{MESSAGES[0]}/read").status == 404
    assert len(call("GET", "/v1/me/subscriptions", user="grace").body["items"]) == 1
    assert call("GET", "/v1/me/inbox", user="grace").body["unread"] == 1


@pytest.mark.parametrize("name", ["subscriptions", "inbox", "deliveries"])
def test_a_cursor_of_another_user_is_refused(name: str, clock: Clock) -> None:
    for user in ("ada", "grace"):
        fill(user)
    cursor = call("GET", f"/v1/me/{name}", user="grace", limit=1).body["next_cursor"]
    assert call("GET", f"/v1/me/{name}", limit=1, cursor=cursor).pointers == ["?cursor"]
    assert call("GET", f"/v1/me/{name}", user="grace", limit=1, cursor=cursor).status == 200


def fill(user: str) -> None:
    """Three of each."""
    for number, message in enumerate(MESSAGES):
        call("PUT", f"/v1/me/subscriptions/{topic(f't{number}')}/email", user=user)
        stores.inboxes().put([(user, message, f"Title {number}", "Body")])
        record = Delivery(
            message_id=message,
            user_id=user,
            channel="email",
            batch_id=None,
            status=Outcome.SENT,
            updated_at="2027-01-01T08:00:00.000Z",
            retain_until=1_900_000_000,
        )
        stores.deliveries().record([record])


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("subscriptions", "topic", ["t0", "t1", "t2"]),
        ("inbox", "message_id", MESSAGES[::-1]),
        ("deliveries", "message_id", MESSAGES[::-1]),
    ],
)
def test_lists_come_page_by_page(name: str, key: str, expected: list[str]) -> None:
    fill("ada")
    found: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in expected:
        page = call("GET", f"/v1/me/{name}", limit=1, **cursor).body
        found += [each[key] for each in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert (found, cursor) == (expected, {"cursor": None})


# Changing what is known


def test_what_is_left_out_stays_and_null_removes() -> None:
    call("PATCH", "/v1/me", {"name": "Ada", "locale": "de", "time_zone": "Europe/Vienna"})
    quiet = {"start": "22:00", "end": "07:00"}
    changed = call("PATCH", "/v1/me", {"locale": None, "quiet_hours": quiet})
    expected = NOTHING | {"name": "Ada", "time_zone": "Europe/Vienna", "quiet_hours": quiet}
    assert (changed.status, changed.body) == (200, expected)
    assert call("PATCH", "/v1/me", {}).body == expected


@pytest.mark.parametrize("field", ["id", "limits", "suppressed", "rev", "pending", "profile", "email_verified", "sub"])
def test_a_field_that_people_do_not_have_is_refused(field: str) -> None:
    answer = call("PATCH", "/v1/me", {"name": "Ada", field: {}})
    assert (answer.status, answer.pointers) == (422, [f"/{field}"])
    assert stores.audience().users.get("ada") is None


def test_devices_and_webhooks_are_taken_at_once() -> None:
    devices = [{"platform": "ios", "token": "t-1"}]
    body = call("PATCH", "/v1/me", {"push": devices, "webhook": {"url": "https://ada.example.com/hook"}}).body
    assert (body["push"], body["webhook"]) == (devices, {"url": "https://ada.example.com/hook"})


def test_my_webhook_says_whether_it_is_on_and_storing_it_again_switches_it_on() -> None:
    call("PATCH", "/v1/me", {"webhook": {"url": "https://ada.example.com/hook"}})
    on = {"state": "on", "reason": None, "failing_since": None, "off_since": None}
    assert call("GET", "/v1/me/webhook").body.items() >= on.items()
    user = stores.audience().users.get("ada")
    assert user is not None
    failing = {"since": "2027-01-01T08:00:00.000Z", "day": "2027-01-06", "days": 6}
    for more, state, reason, off_since in (
        ({}, "failing", None, None),
        (
            {"off": "endpoint_switched_off", "off_at": "2027-01-06T08:00:00.000Z"},
            "off",
            "endpoint_switched_off",
            "2027-01-06T08:00:00.000Z",
        ),
    ):
        assert stores.audience().endpoints.store(user, "webhook", failing | more) is not None
        told = call("GET", "/v1/me/webhook").body
        assert (told["state"], told["reason"], told["off_since"]) == (state, reason, off_since)
        assert told["failing_since"] == "2027-01-01T08:00:00.000Z"
    call("PATCH", "/v1/me", {"name": "Ada"})
    assert call("GET", "/v1/me/webhook").body["state"] == "off"
    call("PATCH", "/v1/me", {"webhook": {"url": "https://ada.example.com/hook"}})
    assert call("GET", "/v1/me/webhook").body.items() >= on.items()


def test_a_reader_replaces_the_secret_of_their_webhook(aws: Aws) -> None:
    assert call("POST", "/v1/me/webhook/rotations").status == 404
    call("PATCH", "/v1/me", {"webhook": {"url": "https://ada.example.com/hook"}})
    call("PATCH", "/v1/me", {"webhook": {"url": "https://bob.example.com/hook"}}, user="bob")
    secrets = [call("GET", "/v1/me/webhook").body["secret"]]
    of_bob = call("GET", "/v1/me/webhook", user="bob").body
    for _ in range(2):
        secrets.append(call("POST", "/v1/me/webhook/rotations").body["secret"])
        internal_api.call("PUT", "/v1/users/ada", {"webhook": {"url": "https://ada.example.com/hook"}})
        told = call("GET", "/v1/me/webhook").body
        assert (told["url"], told["secret"]) == ("https://ada.example.com/hook", secrets[-1])
    assert len({*secrets, of_bob["secret"]}) == 4
    assert call("GET", "/v1/me/webhook", user="bob").body == of_bob


def test_the_next_under_an_id_has_another_secret(aws: Aws) -> None:
    secrets = set()
    for _ in range(2):
        call("PATCH", "/v1/me", {"webhook": {"url": "https://ada.example.com/hook"}})
        secrets.add(call("GET", "/v1/me/webhook").body["secret"])
        internal_api.call("DELETE", "/v1/users/ada")
    assert len(secrets) == 2


def test_nothing_at_all_is_a_choice_that_can_be_taken_back() -> None:
    assert call("PATCH", "/v1/me", {"opted_out": True}).body["opted_out"] is True
    assert call("PATCH", "/v1/me", {"name": "Ada"}).body["opted_out"] is True
    assert call("PATCH", "/v1/me", {"opted_out": None}).body["opted_out"] is False


def test_a_change_at_the_same_time_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    call("PATCH", "/v1/me", {"name": "Ada"})
    real = Transaction.run

    def interrupted(transaction: Transaction) -> None:
        monkeypatch.setattr(Transaction, "run", real)
        stores.audience().users.change("ada", lambda before: {**before, "locale": "de"})
        real(transaction)

    monkeypatch.setattr(Transaction, "run", interrupted)
    call("PATCH", "/v1/me", {"time_zone": "Europe/Vienna"})
    assert profile() == {"name": "Ada", "locale": "de", "time_zone": "Europe/Vienna"}


# A new address


def test_a_changed_address_is_used_once_its_link_is_confirmed(post: Post) -> None:
    internal_api.call("PUT", "/v1/users/ada", {"email": "old@example.com"})
    changed = call("PATCH", "/v1/me", {"email": "new@example.com", "name": "Ada"}).body
    assert (changed["email"], changed["pending"]["email"]) == ("old@example.com", "new@example.com")
    (mail,) = post.mails
    assert mail.to == "new@example.com"
    assert profile() == {"name": "Ada", "email": "old@example.com"}
    assert "Use this e-mail address?" in browse(mail.link).text
    assert [browse(mail.link, {}).status for _ in range(2)] == [200, 200]
    assert "Your e-mail address is confirmed" in browse(mail.link).text
    after = call("GET", "/v1/me").body
    assert (after["email"], after["pending"]["email"]) == ("new@example.com", None)


def test_a_first_address_is_confirmed_too(post: Post) -> None:
    assert call("PATCH", "/v1/me", {"email": "ada@example.com"}).body["email"] is None
    browse(post.mails[0].link, {})
    assert profile() == {"email": "ada@example.com"}


def test_only_the_newest_link_counts(post: Post) -> None:
    for address in ("one@example.com", "two@example.com"):
        call("PATCH", "/v1/me", {"email": address})
    assert browse(post.mails[0].link, {}).status == 404
    assert browse(post.mails[1].link, {}).status == 200
    assert profile() == {"email": "two@example.com"}


@pytest.mark.parametrize("back", ["old@example.com", None])
def test_a_new_address_is_forgotten_when_it_is_no_longer_wanted(back: str | None, post: Post) -> None:
    internal_api.call("PUT", "/v1/users/ada", {"email": "old@example.com"})
    call("PATCH", "/v1/me", {"email": "new@example.com"})
    after = call("PATCH", "/v1/me", {"email": back}).body
    assert (after["email"], after["pending"]["email"]) == (back, None)
    assert browse(post.mails[0].link, {}).status == 404
    assert len(post.mails) == 1


def test_a_link_confirms_for_three_days(post: Post, clock: Clock) -> None:
    call("PATCH", "/v1/me", {"email": "ada@example.com"})
    clock.advance(days=3, seconds=1)
    assert browse(post.mails[0].link, {}).status == 404
    assert call("GET", "/v1/me").body == NOTHING


def test_a_link_for_an_address_carries_none(post: Post) -> None:
    call("PATCH", "/v1/me", {"email": "ada@example.com"})
    mail = post.mails[0]
    assert "ada" not in mail.link.lower()
    assert "Confirm this address" in mail.html


def test_a_changed_phone_is_used_once_its_code_is_confirmed(post: Post) -> None:
    internal_api.call("PUT", "/v1/users/ada", {"phone": "+436641234567"})
    changed = call("PATCH", "/v1/me", {"phone": "+436641234568"}).body
    assert (changed["phone"], changed["pending"]["phone"]) == ("+436641234567", "+436641234568")
    assert [number for number, _ in post.texts] == ["+436641234568"]
    confirmed = confirm(post.code)
    assert (confirmed.status, confirmed.body["phone"], confirmed.body["pending"]["phone"]) == (
        200,
        "+436641234568",
        None,
    )
    assert profile() == {"phone": "+436641234568"}


def confirm(code: str, user: str = "ada") -> internal_api.Answer:
    return call("POST", "/v1/me/confirmations", {"channel": "sms", "code": code}, user=user)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_is_tried_five_times(post: Post) -> None:
    call("PATCH", "/v1/me", {"phone": "+436641234568"})
    refused = [confirm(wrong(post.code)) for _ in range(5)]
    assert {(answer.status, answer.pointers[0]) for answer in refused} == {(422, "/code")}
    late = confirm(post.code)
    assert (late.status, late.body["code"]) == (409, "nothing_to_confirm")
    assert profile() == {}


def test_a_code_works_for_ten_minutes(post: Post, clock: Clock) -> None:
    call("PATCH", "/v1/me", {"phone": "+436641234568"})
    clock.advance(minutes=10)
    assert confirm(post.code).status == 409
    assert call("GET", "/v1/me").body["pending"]["phone"] is None


def test_a_code_is_good_once_and_for_its_user(post: Post) -> None:
    for user, number in (("ada", "+436641234568"), ("eve", "+436641234569")):
        call("PATCH", "/v1/me", {"phone": number}, user=user)
    code = re.findall(r"\d{6}", post.texts[0][1])[0]
    assert confirm(code, "eve").status == 422
    assert [confirm(code).status, confirm(code).status] == [200, 409]
    assert profile("eve") == {}


def test_a_code_is_not_readable_in_the_table(post: Post, aws: Aws) -> None:
    call("PATCH", "/v1/me", {"phone": "+436641234568"})
    rows = aws.dynamodb.scan(TableName=aws.tables["audience"])["Items"]
    (waiting,) = [row for row in rows if row["sk"]["S"] == "pending#sms"]
    assert post.code not in str(waiting)
    assert len(waiting["secret"]["S"]) == 64


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "١٢٣٤٥٦", "", 123456, None])
def test_a_code_has_six_digits(code: object) -> None:
    answer = call("POST", "/v1/me/confirmations", {"channel": "sms", "code": code})
    assert (answer.status, answer.pointers) == (422, ["/code"])


@pytest.mark.parametrize(("field", "value"), [("phone", "+4312"), ("phone", "+999123456789"), ("email", "ada@")])
def test_an_address_that_there_can_not_be_is_refused(field: str, value: str, post: Post) -> None:
    answer = call("PATCH", "/v1/me", {field: value, "name": "Ada"})
    assert (answer.status, answer.pointers) == (422, [f"/{field}"])
    assert (post.texts, stores.audience().users.get("ada")) == ([], None)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        ((400, "InvalidParameter"), 422),
        ((400, "OptedOut"), 200),  # whose number it is, is nobody's business: as if it was sent
        ((400, "Throttled"), 503),
        ((500, "InternalError"), 200),
    ],
)
def test_what_the_provider_says_of_a_code_is_told(refusal: tuple[int, str], status: int, post: Post) -> None:
    post.refusal = refusal
    assert call("PATCH", "/v1/me", {"phone": "+436641234568"}).status == status
    waiting = call("GET", "/v1/me").body["pending"]["phone"]
    assert (waiting is None) == (status == 422)


def test_an_address_that_must_not_be_written_to_gets_nothing_and_nobody_is_told(post: Post) -> None:
    stores.audience().suppressions.add("email", "gone@example.com", "bounced", at="2027-01-01T08:00:00.000Z")
    answer = call("PATCH", "/v1/me", {"email": "gone@example.com"})
    assert (answer.status, answer.body["pending"]["email"], post.mails) == (200, "gone@example.com", [])


def test_a_number_gets_three_codes_an_hour_by_each_user_and_six_by_all(post: Post, clock: Clock) -> None:
    for user, statuses in (("ada", [200] * 3 + [429]), ("eve", [200] * 3 + [429]), ("bob", [429])):
        answers = [call("PATCH", "/v1/me", {"phone": "+436641234568"}, user=user) for _ in statuses]
        assert [answer.status for answer in answers] == statuses
        assert (answers[-1].body["retryable"], answers[-1].headers["retry-after"]) == (True, "3600")
    assert len(post.texts) == 6
    clock.advance(hours=1)
    assert call("PATCH", "/v1/me", {"phone": "+436641234568"}).status == 200


def test_nobody_locks_an_address_out_of_its_owners_own_change(post: Post) -> None:
    for tag in ("", "+a", "+b", "+c", "+d"):
        call("PATCH", "/v1/me", {"email": f"ada{tag}@example.com"}, user="eve")
    assert call("PATCH", "/v1/me", {"email": "ada@example.com"}).status == 200
    assert len(post.mails) == 4


@pytest.mark.parametrize(("user", "shown"), [("auth0.5f7c9d", "“au…9d”"), ("ada", "“a…a”"), ("12345678", "“12…78”")])
def test_who_confirms_an_address_is_told_which_account_asked_and_when(user: str, shown: str, post: Post) -> None:
    call("PATCH", "/v1/me", {"email": "shared@example.com"}, user=user)
    (mail,) = post.mails
    page = browse(mail.link).text
    for text in (mail.text, mail.html, page):
        assert shown in text
        assert "January 1, 2027, 8:00\u202fAM UTC" in text
        assert len(user) < 4 or user not in text
    assert "That was not me" in page
    browse(mail.link, {"what": "not_me"})
    assert (browse(mail.link, {}).status, call("GET", "/v1/me", user=user).body["pending"]["email"]) == (404, None)


def test_a_user_changes_addresses_ten_times_a_day(post: Post) -> None:
    answers = [call("PATCH", "/v1/me", {"email": f"ada{n}@example.com"}).status for n in range(11)]
    assert answers == [200] * 10 + [429]
    assert len(post.mails) == 10


def test_erasing_a_user_forgets_what_waits(post: Post, aws: Aws) -> None:
    call("PATCH", "/v1/me", {"email": "ada@example.com", "phone": "+436641234568"})
    internal_api.call("DELETE", "/v1/users/ada")
    assert "ada@example.com" not in str(aws.dynamodb.scan(TableName=aws.tables["audience"])["Items"])
    assert (browse(post.mails[0].link, {}).status, confirm(post.code).status) == (404, 409)


@pytest.fixture
def erased_meanwhile() -> Iterator[None]:
    """The next who writes a user finds that they were erased after they were read."""
    with pytest.MonkeyPatch.context() as patch:

        def late(transaction: Transaction) -> None:
            patch.undo()
            stores.audience().erase("ada")
            transaction.run()

        patch.setattr(Transaction, "run", late)
        yield


@pytest.mark.parametrize("by", ["link", "code"])
def test_whoever_is_erased_while_they_confirm_stays_erased(by: str, post: Post, request: pytest.FixtureRequest) -> None:
    call("PATCH", "/v1/me", {"email": "ada@example.com", "phone": "+436641234568"})
    request.getfixturevalue("erased_meanwhile")
    answer = browse(post.mails[0].link, {}) if by == "link" else confirm(post.code)
    assert answer.status == (404 if by == "link" else 409)
    assert stores.audience().users.get("ada") is None


def test_forgetting_the_devices_of_somebody_erased_makes_nobody(request: pytest.FixtureRequest) -> None:
    stores.audience().users.put("ada", {"push": [{"platform": "ios", "token": "t-1"}]})
    request.getfixturevalue("erased_meanwhile")
    stores.audience().users.forget_devices("ada", [("ios", "t-1")])
    assert stores.audience().users.get("ada") is None


# Topics and subscriptions


def test_people_see_public_topics_alone_page_by_page() -> None:
    for name in ("a", "c", "e"):
        topic(name)
        topic(f"{name}-internal", public=False)
    first = call("GET", "/v1/topics", limit=2).body
    rest = call("GET", "/v1/topics", limit=2, cursor=first["next_cursor"]).body
    assert [each["id"] for each in first["items"] + rest["items"]] == ["a", "c", "e"]
    assert first["items"][0] == {
        "id": "a",
        "title": "a",
        "description": "",
        "channels": ["email", "sms"],
        "required": False,
        "category": "general",
    }


def test_a_user_subscribes_once_and_unsubscribes_once_or_twice() -> None:
    path = f"/v1/me/subscriptions/{topic()}/email"
    first, again = call("PUT", path), call("PUT", path)
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    assert call("GET", "/v1/me/subscriptions").body["items"] == [first.body]
    assert [call("DELETE", path).status for _ in range(2)] == [204, 204]
    assert call("GET", "/v1/me/subscriptions").body["items"] == []


@pytest.fixture
def two_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "BY_USER", replace(changes.BY_USER, count=2))


def test_a_user_gives_a_hundred_things_an_hour() -> None:
    assert (changes.BY_USER.count, changes.BY_USER.per) == (100, timedelta(hours=1))


@pytest.mark.usefixtures("two_an_hour")
def test_who_gave_too_much_can_still_take_away(clock: Clock) -> None:
    paths = [f"/v1/me/subscriptions/{topic(name)}/email" for name in ("a", "b", "c")]
    answers = [call("PUT", path) for path in paths]
    assert [answer.status for answer in answers] == [201, 201, 429]
    assert (answers[2].body["code"], answers[2].body["retryable"]) == ("too_many_changes", True)
    left = 3600 - int(clock().timestamp()) % 3600
    assert answers[2].headers["retry-after"] == str(left)
    assert call("PUT", paths[0]).status == 200  # gives nothing
    assert [call("DELETE", path).status for path in paths] == [204] * 3
    assert call("GET", "/v1/me/subscriptions").body["items"] == []
    assert call("PATCH", "/v1/me", {"opted_out": True, "push": [], "locale": None}).status == 200
    assert call("PUT", paths[0], user="grace").status == 201
    clock.advance(seconds=left)
    assert call("PUT", paths[0]).status == 201


@pytest.mark.usefixtures("two_an_hour")
@pytest.mark.parametrize("change", [{"name": "Ada"}, {"opted_out": False}, {"locale": "de", "time_zone": None}])
def test_changes_of_a_profile_are_counted_with_the_subscriptions(change: dict[str, Any]) -> None:
    path = f"/v1/me/subscriptions/{topic()}/email"
    assert [call("PATCH", "/v1/me", change).status, call("PUT", path).status] == [200, 201]
    assert call("PATCH", "/v1/me", change).status == 429
    assert [call("DELETE", path).status, call("PUT", path).status] == [204, 429]


def test_a_topic_that_is_not_public_is_not_there_for_who_does_not_have_it() -> None:
    topic("internal", public=False)
    refused, unknown = (call("PUT", f"/v1/me/subscriptions/{name}/email") for name in ("internal", "nothing"))
    assert (refused.status, refused.body["code"]) == (404, "topic_not_found")
    assert refused.body["detail"] == unknown.body["detail"]
    internal_api.call("PUT", "/v1/users/ada", {})
    internal_api.call("PUT", "/v1/users/ada/subscriptions/internal/email")
    assert call("PUT", "/v1/me/subscriptions/internal/email").status == 200


def test_a_required_topic_can_not_be_left() -> None:
    topic("needed", required=True)
    answer = call("DELETE", "/v1/me/subscriptions/needed/email")
    assert (answer.status, answer.body["code"]) == (409, "topic_required")


def test_a_required_topic_that_a_user_does_not_see_is_not_told_of() -> None:
    topic("needed", required=True, public=False)
    assert call("DELETE", "/v1/me/subscriptions/needed/email").status == 204
    internal_api.call("PUT", "/v1/users/ada", {})
    internal_api.call("PUT", "/v1/users/ada/subscriptions/needed/email")
    assert call("DELETE", "/v1/me/subscriptions/needed/email").status == 409


def test_a_topic_that_is_gone_can_be_left() -> None:
    call("PUT", f"/v1/me/subscriptions/{topic()}/email")
    internal_api.call("DELETE", "/v1/topics/news")
    assert call("DELETE", "/v1/me/subscriptions/news/email").status == 204
    assert call("GET", "/v1/me/subscriptions").body["items"] == []


# The inbox


def test_the_inbox_says_how_much_is_unread(clock: Clock) -> None:
    fill("ada")
    read = call("POST", f"/v1/me/inbox/{MESSAGES[2]}/read")
    clock.advance(hours=1)
    again = call("POST", f"/v1/me/inbox/{MESSAGES[2]}/read")
    assert (read.status, read.body["read_at"], again.body) == (200, "2027-01-01T08:00:00.000Z", read.body)
    page = call("GET", "/v1/me/inbox", limit=1).body
    assert (page["unread"], page["items"]) == (2, [read.body])


def test_a_page_of_large_notes_fits_what_a_function_answers() -> None:
    body = "\n" * 380_000  # three letters each, in JSON that is in JSON
    stores.inboxes().put([("ada", f"message-{number:02d}", "Hi", body) for number in range(12)])
    answers = [call("GET", "/v1/me/inbox", limit=100)]
    while cursor := answers[-1].body["next_cursor"]:
        answers.append(call("GET", "/v1/me/inbox", limit=100, cursor=cursor))
    found = [note["message_id"] for answer in answers for note in answer.body["items"]]
    assert found == [f"message-{number:02d}" for number in reversed(range(12))]
    assert max(len(json.dumps(answer.text)) for answer in answers) < 6_000_000
    assert {answer.body["unread"] for answer in answers} == {12}


def test_the_count_of_what_is_unread_brings_no_bodies() -> None:
    stores.inboxes().put([("ada", message, "Title", "x" * 50_000) for message in MESSAGES])
    brought: list[int] = []

    def answered(http_response: Any, **_: Any) -> None:
        brought.append(len(http_response.content))

    stores.inboxes().table.client.meta.events.register("after-call.dynamodb.Query", answered)
    assert stores.inboxes().unread("ada") == 3
    assert 0 < sum(brought) < 1_000


@pytest.mark.parametrize("message", [MESSAGES[0], "nothing", "x" * 1_500, "%00", "user%23grace"])
def test_what_is_not_in_the_inbox_is_not_found(message: str) -> None:
    answer = call("POST", f"/v1/me/inbox/{message}/read")
    assert (answer.status, answer.body["code"]) == (404, "message_not_found")


def test_history_says_what_became_of_each_message() -> None:
    fill("ada")
    newest = call("GET", "/v1/me/deliveries").body["items"][0]
    assert (newest["message_id"], newest["channel"], newest["status"]) == (MESSAGES[2], "email", "sent")
    assert "user_id" not in newest


@pytest.mark.parametrize("cause", ["bounce", "soft_bounces"])
def test_my_address_is_tried_again_after_bounces_once_a_week(cause: str, clock: Clock) -> None:
    stores.audience().users.put("ada", {"email": "Ada@example.com"})
    for expected in (204, 429):
        stores.audience().suppressions.add("email", "ada@example.com", cause, at="2027-01-01T08:00:00.000Z")
        assert call("GET", "/v1/me").body["suppressed"] == {"email": cause}
        assert call("DELETE", "/v1/me/suppressions/email").status == expected
    assert call("GET", "/v1/me").body["suppressed"] == {"email": cause}
    clock.advance(days=7)
    assert [call("DELETE", "/v1/me/suppressions/email").status for _ in range(2)] == [204, 204]
    assert call("GET", "/v1/me").body["suppressed"] == {}
    assert stores.audience().suppressions.get("email", "ada@example.com") is None


@pytest.mark.parametrize("cause", ["complaint", "opt_out", "manual", "account_list"])
def test_a_suppression_for_another_reason_is_not_mine_to_remove(cause: str) -> None:
    stores.audience().users.put("ada", {"email": "ada@example.com"})
    stores.audience().suppressions.add("email", "ada@example.com", cause, at="2027-01-01T08:00:00.000Z")
    answer = call("DELETE", "/v1/me/suppressions/email")
    assert (answer.status, answer.body["code"]) == (409, "not_bounced")
    assert call("GET", "/v1/me").body["suppressed"] == {"email": cause}


@pytest.mark.parametrize("channel", ["email", "sms", "push", "inbox"])
def test_nobody_s_suppression_can_be_removed_as_often_as_one_likes(channel: str) -> None:
    stores.audience().suppressions.add("email", "grace@example.com", "bounce", at="2027-01-01T08:00:00.000Z")
    assert [call("DELETE", f"/v1/me/suppressions/{channel}").status for _ in range(3)] == [204] * 3
    assert stores.audience().suppressions.get("email", "grace@example.com") is not None
