"""Digests on the real handlers: many messages, one mail, each item exactly once."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.runtime import stores

from tests.integration import console
from tests.integration.conftest import Aws, Clock
from tests.integration.console import Visitor
from tests.integration.internal_api import Answer, call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses

DIGEST = {
    "channels": {
        "email": {
            "subject": "{{ data.count }} orders",
            "text": "{% for item in data['items'] %}{{ item.data.order }} {% endfor %}of {{ data.count }}",
        }
    },
    "example": {"items": [{"data": {"order": "A-1"}}], "count": 1, "key": "k", "first_at": "2027-01-01T08:00:00.000Z"},
}
EVERY_MINUTE = {"template": {"id": "orders-digest"}, "every": {"seconds": 60}}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    opened = Pipeline.opened(aws, clock, ses, delays=False)
    opened.topic()
    stores.catalogue().add_version("orders-digest", DIGEST, created_at="2027-01-01T00:00:00.000Z")
    return opened


def put_topic(**fields: Any) -> Answer:
    return call(
        "PUT", f"/v1/topics/{TOPIC}", {"title": "Orders", "channels": ["email"], "digest": EVERY_MINUTE} | fields
    )


def texts(ses: Ses) -> list[tuple[str, str]]:
    return [(mail.to, mail.text.split("\n")[0]) for mail in ses.outbox]


def deliveries(user: str) -> list[dict[str, Any]]:
    return list(call("GET", f"/v1/users/{user}/deliveries").body["items"])


def test_messages_of_one_window_reach_a_reader_in_one_mail(pipeline: Pipeline, ses: Ses) -> None:
    assert put_topic().status == 200
    ada, grace = pipeline.subscribers(2)
    first = pipeline.post(data={"order": "A"})
    pipeline.clock.advance(seconds=1)
    second = pipeline.post(data={"order": "B"})
    pipeline.run()
    assert texts(ses) == []
    counts = call("GET", f"/v1/messages/{first}").body
    assert (counts["state"], counts["outcome"]) == ("sent", "reached")
    assert counts["counts"] == {
        "recipients": 2, "sent": 0, "failed": 0, "skipped": 0, "deleted": 0, "digested": 2, "outstanding": 0
    }  # fmt: skip
    waiting = {each["message_id"]: (each["status"], each["digest_id"]) for each in deliveries(ada)}
    window = waiting[first][1]
    assert waiting == {first: ("digested", window), second: ("digested", window)}
    pipeline.settle()
    assert sorted(texts(ses)) == [
        (f"{ada}@example.com", "A B of 2"),
        (f"{grace}@example.com", "A B of 2"),
    ]
    listed = {each["message_id"]: each for each in deliveries(ada)}
    (digest,) = listed.keys() - {first, second}
    assert listed[digest]["status"] == "sent"
    shown = call("GET", f"/v1/messages/{digest}").body
    assert (shown["state"], shown["digest_of"]) == ("sent", {"readers": 2, "items": 4})
    assert shown["counts"]["sent"] == 2
    content = call("GET", f"/v1/messages/{digest}/content", user_id=ada, channel="email").body
    assert (content["content"]["subject"], content["exact"]) == ("2 orders", True)


def test_an_item_that_comes_after_a_window_was_closed_opens_the_next(pipeline: Pipeline, ses: Ses) -> None:
    put_topic()
    (ada,) = pipeline.subscribers(1)
    pipeline.post(data={"order": "A"})
    pipeline.settle()
    pipeline.post(data={"order": "B"})
    pipeline.settle()
    assert [text for _, text in texts(ses)] == ["A of 1", "B of 1"]
    assert len({each["digest_id"] for each in deliveries(ada)} - {None}) == 2


def test_an_erasure_of_many_items_goes_on_where_it_ended(
    pipeline: Pipeline, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfare.management.windows.ITEMS_AT_ONCE", 2)
    put_topic()
    ada, grace = pipeline.subscribers(2)
    ids = [pipeline.post(data={"order": order}) for order in "ABCDE"]
    pipeline.run()
    answers = [call("DELETE", f"/v1/users/{ada}") for _ in range(3)]
    assert [each.status for each in answers] == [503, 503, 204]
    assert (answers[0].body["code"], answers[0].body["retryable"]) == ("erasure_unfinished", True)
    for message in ids:
        counts = call("GET", f"/v1/messages/{message}").body["counts"]
        assert (counts["deleted"], counts["digested"]) == (1, 1)
    pipeline.settle()
    ((to, text),) = texts(ses)
    assert (to, sorted(text.split()[:5]), text[-4:]) == (f"{grace}@example.com", ["A", "B", "C", "D", "E"], "of 5")


def test_what_is_over_the_limit_goes_into_the_digest_as_the_dry_run_says(pipeline: Pipeline, ses: Ses) -> None:
    limit = {"count": 1, "per_seconds": 3600, "overflow": "digest"}
    put = put_topic(limit=limit, frequencies=["immediate", "digest"], frequency="immediate")
    assert (put.status, put.body["limit"]) == (200, limit)
    ada, grace = pipeline.subscribers(2)
    pipeline.post(recipients=[ada], data={"order": "A"})
    pipeline.run()
    message = {"topic": TOPIC, "template": {"id": "order-shipped"}, "data": {"order": "B"}}
    dry = call("POST", "/v1/messages", message, dry_run="true").body
    assert (dry["deliver"], dry["deferred"], dry["digested"]) == ({"email": 1}, {}, {"email": 1})
    second = pipeline.post(data={"order": "B"})
    pipeline.run()
    explained = call("GET", f"/v1/messages/{second}/explanations/{ada}").body["channels"][0]
    closes = call("GET", f"/v1/users/{ada}/digests").body["items"][0]["closes_at"]
    assert explained["recorded"]["status"] == "digested"
    assert f"in the digest that closes at {closes}" in [step["detail"] for step in explained["recorded"]["steps"]]
    third = pipeline.post(data={"order": "C"})
    pipeline.run()
    for each, sent in ((second, 1), (third, 0)):
        counts = call("GET", f"/v1/messages/{each}").body["counts"]
        assert (counts["sent"], counts["digested"]) == (sent, 2 - sent)
    assert sorted(to for to, _ in texts(ses)) == [f"{ada}@example.com", f"{grace}@example.com"]


def test_an_overflow_into_a_digest_needs_a_digest(pipeline: Pipeline) -> None:
    refused = put_topic(digest=None, limit={"count": 1, "per_seconds": 60, "overflow": "digest"})
    assert refused.status == 422
    assert [(each["pointer"], each["code"]) for each in refused.body["errors"]] == [
        ("/limit/overflow", "digest_missing")
    ]


def test_the_console_shows_the_digest_of_a_delivery_and_the_steps_of_a_message(pipeline: Pipeline, ses: Ses) -> None:
    put_topic()
    (ada,) = pipeline.subscribers(1)
    item = pipeline.post(data={"order": "A"})
    pipeline.run()
    visitor = Visitor(console.app().test_client())
    assert "in a digest closes 1 Jan 2027, 08:01:00" in visitor.open(f"/users/{ada}").text
    pipeline.settle()
    (digest,) = {each["message_id"] for each in deliveries(ada)} - {item}
    person = visitor.open(f"/users/{ada}")
    assert "in a digest the digest" in person.text
    assert f'<a href="/messages/{digest}">the digest</a>' in person.answer.text
    assert "1 message in 1 digest." in visitor.open(f"/messages/{digest}").text
    steps = [{"channels": ["inbox"]}, {"after": "PT1H30M", "channels": ["email", "sms"], "unless": "read"}]
    body = {"recipients": [ada], "content": {"subject": "Hello", "text": "World"}, "steps": steps}
    message = call("POST", "/v1/messages", body).body["id"]
    shown = visitor.open(f"/messages/{message}").text
    assert "E-mail and Text message after 1 hour 30 minutes, unless it was read in the inbox before" in shown
