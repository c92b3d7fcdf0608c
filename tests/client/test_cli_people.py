"""What `fanfare` does with users and their subscriptions."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fanfare_client.cli.codes import Exit

from .server import ok, problem
from .shell import Shell

ADA: dict[str, Any] = {"id": "ada", "name": "Ada", "email": "ada@example.com", "phone": None, "push": []}


@pytest.mark.parametrize(
    ("address", "query"), [("Ada@Example.com", {"email": "Ada@Example.com"}), ("+41 79 1", {"phone": "+41 79 1"})]
)
def test_anybody_is_found_by_address_stored_or_not(fanfare: Shell, address: str, query: dict[str, str]) -> None:
    fanfare.answers(ok({"items": [ADA, {"id": "addr_" + "a" * 32, "stored": False}], "next_cursor": None}))
    said = fanfare("users", "find", address).stdout.splitlines()
    assert said[1].split()[:4] == ["ada", "yes", "Ada", "ada@example.com"]
    assert said[2].split()[:2] == ["addr_" + "a" * 32, "no"]
    assert query.items() <= dict(fanfare.asked.url.params).items()


def test_a_user_is_put_whole(fanfare: Shell) -> None:
    fanfare.answers(ok(ADA))
    words = ["--name", "Ada", "--email", "ada@example.com", "--locale", "de", "--quiet-hours", "22:00-07:00"]
    result = fanfare("users", "put", "ada", *words, "--attribute", "plan=pro", "--attribute", "seats=5")
    assert (result.exit_code, "ada@example.com" in result.stdout) == (Exit.DONE, True)
    assert (fanfare.asked.method, fanfare.body) == (
        "PUT",
        {
            "name": "Ada",
            "email": "ada@example.com",
            "locale": "de",
            "quiet_hours": {"start": "22:00", "end": "07:00"},
            "attributes": {"plan": "pro", "seats": 5},
        },
    )


def test_an_empty_value_removes_a_field_and_no_other_is_touched(fanfare: Shell) -> None:
    fanfare.answers(ok(ADA))
    fanfare("users", "patch", "ada", "--phone", "", "--attribute", "plan=", "--data", '{"name": "Ada L."}')
    assert (fanfare.asked.method, fanfare.body) == (
        "PATCH",
        {"phone": None, "attributes": {"plan": None}, "name": "Ada L."},
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Pass at least one field"),
        (["--quiet-hours", "22:00"], "--quiet-hours 22:00: must be START-END"),
        (["--attribute", "plan"], "--attribute plan: must be NAME=VALUE."),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_sent(fanfare: Shell, words: list[str], said: str) -> None:
    result = fanfare("users", "patch", "ada", *words)
    assert (result.exit_code, said in result.stderr, fanfare.server.asked) == (Exit.USAGE, True, [])


def test_a_user_is_subscribed_and_unsubscribed(fanfare: Shell) -> None:
    fanfare.answers(ok({"state": "subscribed"}), httpx2.Response(204))
    said = fanfare("users", "subscribe", "ada", "news", "--channel", "sms", "--frequency", "daily").stdout
    assert said == "ada is subscribed to news on sms\n"
    assert (fanfare.asked.url.path.removeprefix("/api"), fanfare.body) == (
        "/v1/users/ada/subscriptions/news/sms",
        {"frequency": "daily"},
    )
    assert fanfare("users", "unsubscribe", "ada", "news").stdout == "ada is unsubscribed from news on email\n"
    assert fanfare.asked.method == "DELETE"


def test_who_unsubscribed_is_subscribed_again_only_with_evidence(fanfare: Shell) -> None:
    fanfare.answers(problem(409, "unsubscribed_by_person"), ok({"state": "subscribed"}))
    assert "unsubscribed_by_person" in fanfare("users", "subscribe", "ada", "news").stderr
    assert fanfare("users", "resubscribe", "ada", "news").exit_code == Exit.USAGE
    assert fanfare("users", "resubscribe", "ada", "news", "--evidence", "called us").exit_code == Exit.DONE
    assert fanfare.asked.url.path.endswith("/v1/users/ada/subscriptions/news/email/resubscription")
    assert fanfare.body == {"evidence": "called us"}


def test_consents_are_listed(fanfare: Shell) -> None:
    consent: dict[str, Any] = {
        "topic": "news",
        "channel": "email",
        "state": "unsubscribed",
        "at": "2027-01-01T08:00:00.000Z",
    }
    consent |= {"by": "one_click", "message_id": "m-1", "evidence": None}
    fanfare.answers(ok({"items": [consent], "next_cursor": None}))
    said = fanfare("users", "consents", "ada").stdout.splitlines()[1].split()
    assert said == ["2027-01-01T08:00:00Z", "news", "email", "unsubscribed", "one_click", "-"]


def test_open_digests_are_listed_and_closed(fanfare: Shell) -> None:
    window: dict[str, Any] = {"id": "w-1", "topic": "docs", "channel": "email", "key": 17, "count": 3}
    window |= {"closes_at": "2027-01-01T18:00:00.000Z", "state": "open", "message_id": None, "items": []}
    fanfare.answers(ok({"items": [window], "next_cursor": None}), ok(window, 202))
    said = fanfare("users", "digests", "ada").stdout.splitlines()[1].split()
    assert said == ["w-1", "docs", "email", "17", "3", "2027-01-01T18:00:00Z"]
    assert fanfare("users", "close-digest", "ada", "w-1").stdout == "w-1 closes at 2027-01-01T18:00:00.000Z\n"
    assert (fanfare.asked.method, fanfare.asked.url.path[-28:]) == ("POST", "/users/ada/digests/w-1/close")


def test_subscribers_of_a_topic_are_listed(fanfare: Shell) -> None:
    found = {"user_id": "ada", "channel": "email", "state": "subscribed", "at": "2027-01-01T08:00:00Z", "by": None}
    fanfare.answers(ok({"items": [found], "next_cursor": None}))
    assert "ada" in fanfare("topics", "subscribers", "news", "--channel", "email").stdout
    assert fanfare.asked.url.params["channel"] == "email"
