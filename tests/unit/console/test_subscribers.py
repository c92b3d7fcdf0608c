"""The page of a topic's subscribers says who they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from console.api import Reply
from console.app import make
from tests.unit.console.test_pages import Answered

TOPIC = {"id": "news", "title": "News", "channels": ["email", "sms"]}
KIM = {"id": "kim", "name": "Kim", "email": "kim@example.com", "phone": None}
MASKED = {**KIM, "email": "k…@example.com"}
ITEM = {"user_id": "kim", "channel": "email", "state": "subscribed", "at": "2027-01-01T08:00:00.000Z", "by": "service"}
GONE = {**ITEM, "user_id": "gone"}


def page(query: str = "", *, denied: Sequence[str] = ()) -> tuple[str, list[str]]:
    """The text of the page and the calls that it took; `denied`: calls that IAM refuses."""
    asked: list[str] = []

    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        asked.append(url)
        if url in denied:
            return Answered({"message": "Forbidden"}, 403)
        answers = {"kim": KIM, "news": TOPIC, "subscriptions": {"items": [ITEM, GONE], "next_cursor": None}}
        if url == "/v1/masked/users/kim":
            return Answered(MASKED)
        found = answers.get(urlsplit(url).path.rpartition("/")[2])
        return Answered(found) if found else Answered({"code": "user_not_found"}, 404)

    client = make(call, stage="dev", at_once=1).test_client()
    answer = client.get(f"/topics/news/subscribers{query}", base_url="http://localhost")
    return " ".join(answer.get_data(as_text=True).split()), asked


def test_subscribers_have_names_and_addresses() -> None:
    text, asked = page()
    assert '<a href="/users/kim">Kim</a>' in text
    assert "kim@example.com" in text
    assert '<a href="/users/gone">gone</a>' in text
    assert asked[0] == "/v1/topics/news/subscriptions?state=subscribed&limit=25"


def test_the_unsubscribed_are_shown_if_they_are_asked_for() -> None:
    assert page("?state=any")[1][0] == "/v1/topics/news/subscriptions?limit=25"
    assert page("?state=unsubscribed")[1][0] == "/v1/topics/news/subscriptions?state=unsubscribed&limit=25"


def test_who_may_not_see_addresses_sees_them_masked_after_one_refusal() -> None:
    text, asked = page(denied=["/v1/users/kim"])
    assert "k…@example.com" in text
    assert [url for url in asked if url.startswith("/v1/users/")] == ["/v1/users/kim"]
