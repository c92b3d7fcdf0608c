"""Why a person got nothing: of the newest messages, or of one day."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from urllib.parse import parse_qs, urlsplit

from console import words
from console.api import Reply
from console.app import make
from console.host import Host
from tests.unit.console.test_pages import Answered, message

RECORDED: dict[str, Any] = {
    "status": "skipped",
    "outcome": None,
    "reason": "rate_limited",
    "advice": "",
    "receipt": None,
    "steps": [],
}
NAMED = {**message(), "id": "m-2", "topic": None, "created_at": "2027-01-02T08:00:00.000Z", "summary": "For you"}
OTHERS = {**NAMED, "id": "m-3", "summary": "For someone else"}
EARLIER = {**message(), "id": "m-4", "created_at": "2026-12-20T08:00:00.000Z", "summary": "Planned long ago"}
LATER = {**message(), "id": "m-5", "state": "pending", "send_at": "2999-01-01T08:00:00.000Z", "summary": "To come"}
KNOWN = {each["id"]: each for each in (NAMED, OTHERS, EARLIER, LATER)}
DELIVERED = [
    {"message_id": "m-2", "updated_at": "2027-01-02T08:00:01.000Z"},
    {"message_id": "m-4", "updated_at": "2027-01-02T09:00:00.000Z"},
]


def shown(day: str = "", **recorded: Any) -> tuple[str, dict[str, list[str]]]:
    """The text of the part, and what the list of messages was asked for."""
    asked: dict[str, list[str]] = {}

    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        path = urlsplit(url).path
        if path == "/v1/messages":
            asked.update(parse_qs(urlsplit(url).query))
            return Answered({"items": [LATER, NAMED, OTHERS], "next_cursor": None})
        if "/explanations/" in path:
            return Answered({"channels": [{"channel": "email", "recorded": {**RECORDED, **recorded}}]})
        if path.endswith("/deliveries"):
            return Answered({"items": DELIVERED, "next_cursor": None})
        return Answered(KNOWN[path.rpartition("/")[2]])

    client = make(call, stage="dev", host=Host(zone=UTC), at_once=1).test_client()
    answer = client.get(f"/users/kim/recent?day={day}", base_url="http://localhost", headers={"HX-Request": "true"})
    return " ".join(answer.get_data(as_text=True).split()), asked


def test_messages_to_others_are_not_of_this_person() -> None:
    text, _ = shown()
    assert "For you" in text
    assert "To come" in text
    assert "For someone else" not in text
    assert "Over the rate limit</span>. Raise the limit, or send less." in text


def test_a_day_has_what_was_posted_on_it_and_what_ended_on_it() -> None:
    text, asked = shown("2027-01-02")
    assert asked["created_after"] == ["2027-01-02T00:00:00Z"]
    assert asked["created_before"] == ["2027-01-03T00:00:00Z"]
    assert text.index("For you") < text.index("Planned long ago")
    assert "To come" not in text
    assert '<a href="/users/kim?day=2027-01-02#why"' not in text  # neither today nor yesterday
    assert 'name="day" value="2027-01-02"' in text


def test_what_is_scheduled_or_waits_says_until_when() -> None:
    text, _ = shown(status="not_reached", reason=None)
    assert ">scheduled</span>" in text
    assert "For Tue 1 Jan 2999, 08:00" in text
    step = {"step": "batch", "result": "waits: deferred", "at": "2027-01-01T22:59:00.000Z", "detail": None}
    text, _ = shown(status="pending", reason=None, steps=[step])
    assert "Waits for the end of quiet hours or of a rate limit, until <time" in text
    assert "1 Jan 2027, 22:59:00" in text


def test_nothing_is_said_to_be_retried_once_it_failed() -> None:
    assert words.advice("pending", "provider_unavailable") == "Nothing: it is retried."
    assert words.advice("failed", "provider_unavailable").startswith("All attempts failed: send the message again")
    assert words.advice("failed", "sending_paused").startswith("Enable sending in SES. All attempts failed")
    assert words.advice("failed", "invalid_address") == "Correct the user's address."
