"""What became of a message, in words and colour."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from console.filters import Times, duration, per, percent
from console.messages.progress import figures, segments
from console.messages.verdict import verdict

NOW = "2027-01-01T08:00:00.000Z"
NOTHING = {"recipients": 0, "sent": 0, "failed": 0, "skipped": 0, "deleted": 0, "outstanding": 0}
SILENCE = {"delivered": 0, "bounced": 0, "bounced_soft": 0, "complained": 0, "delayed": 0, "rejected": 0, "no_word": 0}


def message(
    state: str, *, send_at: Any = None, receipts: dict[str, int] | None = None, **counts: int
) -> dict[str, Any]:
    return {
        "state": state,
        "topic": "news",
        "send_at": send_at,
        "counts": {**NOTHING, **counts},
        "receipts": {**SILENCE, **(receipts or {})},
    }


def said(found: dict[str, Any], zone: Any = UTC) -> tuple[str, str, str]:
    shown = verdict(found, Times(zone), NOW)
    return shown.tone, shown.word, shown.text


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (message("sent"), ("warn", "reached no one")),
        (message("sent", recipients=3, skipped=3), ("warn", "reached no one")),
        (message("sent", recipients=2, sent=2, receipts={"bounced": 2}), ("bad", "bounced")),
        (message("sent", recipients=1, sent=1, receipts={"rejected": 1}), ("bad", "bounced")),
        (message("sent", recipients=100, sent=100, receipts={"bounced": 5}), ("warn", "bounced in part")),
        (message("sent", recipients=100, sent=100, receipts={"bounced": 4, "delivered": 96}), ("good", "delivered")),
        (message("sent", recipients=1000, sent=1000, receipts={"complained": 1}), ("warn", "complaints")),
        (message("sent", recipients=2, sent=2, receipts={"delivered": 1}), ("good", "sent")),
        (message("sent", recipients=3, digested=2, skipped=1), ("good", "in digests")),
        (message("failed", recipients=2, failed=2), ("bad", "failed")),
        (message("failed", recipients=2, failed=1, sent=1), ("bad", "failed in part")),
        (message("active", recipients=2, sent=1, outstanding=1), ("busy", "sending")),
        (message("deleted", recipients=2, deleted=1, sent=1), ("warn", "cancelled in part")),
        (message("pending"), ("busy", "queued")),
    ],
)
def test_only_what_arrived_is_green(found: dict[str, Any], expected: tuple[str, str]) -> None:
    assert said(found)[:2] == expected


def test_a_scheduled_message_says_when_in_the_time_of_the_operator() -> None:
    tomorrow = message("pending", send_at="2027-01-02T08:00:00.000Z")
    assert said(tomorrow, timezone(timedelta(hours=9))) == ("calm", "scheduled", "Scheduled for Sat 2 Jan 2027, 17:00.")
    by_reader = message("pending", send_at={"local": "2027-01-02T09:00"})
    assert said(by_reader)[2] == "Scheduled for Sat 2 Jan 2027, 09:00 by each reader’s clock."
    assert said(message("pending", send_at="2027-01-01T07:59:00.000Z"))[1] == "queued"


def test_a_cancelled_message_says_from_whom_it_was_withheld() -> None:
    assert said(message("deleted"))[2] == (
        "Withheld from the subscribers of news: it was cancelled before it was sent to anyone."
    )
    assert said(message("deleted", recipients=1200, deleted=1200))[2] == "Withheld from 1\u202f200 recipients."


def test_the_bar_shows_each_recipient_once() -> None:
    found = message(
        "sent", recipients=10, sent=8, skipped=2, receipts={"delivered": 4, "bounced": 1, "complained": 1, "no_word": 2}
    )
    assert segments(found) == [("delivered", 0, 40), ("sent", 40, 20), ("bounced", 60, 20), ("skipped", 80, 20)]
    assert [f"{number} {word}" for number, word, _ in figures(found)] == [
        "8 of 10 sent",
        "4 delivered",
        "1 bounced",
        "1 complained",
        "2 skipped",
    ]


def test_durations_limits_and_shares_are_in_words() -> None:
    assert duration(5_400) == "1 hour 30 minutes"
    assert per({"count": 2, "per_seconds": 86_400}) == "2 per day"
    assert per({"count": 5, "per_seconds": 604_800}) == "5 in 7 days"
    assert [percent(1, 100_000), percent(99_999, 100_000), percent(1, 3), percent(3, 100), percent(0, 5)] == [
        "< 0.1 %",
        "> 99.9 %",
        "33 %",
        "3 %",
        "0 %",
    ]


def test_a_time_is_shown_and_read_in_the_zone_of_the_operator() -> None:
    vienna = Times(timezone(timedelta(hours=1), "CET"))
    assert vienna.when("2027-01-01T23:30:03.101Z") == "2 Jan 2027, 00:30:03"
    assert vienna.utc("2027-01-02T09:00") == "2027-01-02T08:00:00Z"
    assert (vienna.name(), Times(UTC).name()) == ("CET (UTC+01:00)", "UTC")
