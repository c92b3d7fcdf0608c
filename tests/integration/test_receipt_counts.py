"""What became of a message after it was sent: SES's events → record_receipt → API, console, event bus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fanfare.aws.event_bus import Events
from fanfare.runtime import clients
from fanfare.runtime.registry import opened

from functions.record_receipt.handler import handler
from tests.integration import console
from tests.integration.conftest import Aws, Clock
from tests.integration.console import Visitor
from tests.integration.internal_api import call
from tests.integration.pipeline import Context, Pipeline
from tests.integration.provider import Ses

KINDS: dict[str, dict[str, Any]] = {
    "delivered": {"eventType": "Delivery"},
    "bounced": {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General"}},
    "complained": {"eventType": "Complaint"},
}
NOTHING = {"delivered": 0, "delayed": 0, "bounced": 0, "bounced_soft": 0, "complained": 0, "rejected": 0}


class Bus:
    def __init__(self) -> None:
        self.details: list[tuple[str, dict[str, Any]]] = []

    def put_events(self, *, Entries: Any) -> dict[str, Any]:
        self.details += [(each["DetailType"], json.loads(each["Detail"])) for each in Entries]
        return {"FailedEntryCount": 0}


@pytest.fixture
def bus(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Bus:
    monkeypatch.setenv("FANFARE_EVENT_BUS_NAME", "bus")
    bus = Bus()
    opened.put(clients.events, Events(lambda: bus, bus="bus"))
    return bus


@pytest.fixture
def pipeline(aws: Aws, clock: Clock) -> Pipeline:
    pipeline = Pipeline.opened(aws, clock, Ses())
    pipeline.topic()
    pipeline.subscribers(5)
    return pipeline


def reported(pipeline: Pipeline, *told: tuple[int, str]) -> None:
    """SES reports so of these users' mails, and of nothing else."""
    tags = {mail.to: mail.tags for mail in pipeline.ses.outbox}
    records: list[dict[str, Any]] = []
    for user, kind in told:
        mail = {"messageId": "ses", "tags": {n: [v] for n, v in tags[f"user-{user:04d}@example.com"].items()}}
        event = {"source": "aws.ses", "time": "2027-01-01T08:00:07Z", "detail": {**KINDS[kind], "mail": mail}}
        records.append({"messageId": str(len(records)), "body": json.dumps(event)})
    assert handler({"Records": records}, Context()) == {"batchItemFailures": []}


def listed(message_id: str, receipt: str) -> list[str]:
    answer = call("GET", f"/v1/messages/{message_id}/deliveries", receipt=receipt)
    return [each["user_id"] for each in answer.body["items"]]


def test_receipts_are_counted_listed_and_explained(pipeline: Pipeline) -> None:
    call("PUT", "/v1/suppressions/email/user-0004@example.com", {"cause": "bounce"})
    message_id = pipeline.post()
    pipeline.run()
    path = f"/v1/messages/{message_id}"
    assert call("GET", path).body["receipts"] == {**NOTHING, "no_word": 4}
    for _ in range(2):
        reported(pipeline, (2, "complained"), (1, "bounced"), (0, "delivered"), (2, "delivered"), (0, "delivered"))
    assert call("GET", path).body["receipts"] == {
        **NOTHING,
        "delivered": 1,
        "bounced": 1,
        "complained": 1,
        "no_word": 1,
    }
    assert listed(message_id, "complained") == ["user-0002"]
    assert listed(message_id, "no_word") == ["user-0003"]
    outcomes = [
        call("GET", f"{path}/explanations/user-{user:04d}").body["channels"][0]["recorded"]["outcome"]
        for user in range(5)
    ]
    assert outcomes == ["delivered", "bounced", "complained", "no_word", None]


def test_receipts_of_a_message_to_named_people_are_counted_and_listed(pipeline: Pipeline) -> None:
    message_id = pipeline.post(recipients=["user-0001", "user-0003"])
    pipeline.run()
    reported(pipeline, (3, "bounced"), (3, "bounced"))
    assert call("GET", f"/v1/messages/{message_id}").body["receipts"] == {**NOTHING, "bounced": 1, "no_word": 1}
    assert listed(message_id, "bounced") == ["user-0003"]
    assert listed(message_id, "no_word") == ["user-0001"]


def test_the_console_shows_what_was_reported_and_lists_it(pipeline: Pipeline) -> None:
    message_id = pipeline.post()
    pipeline.run()
    reported(pipeline, (1, "bounced"), (0, "delivered"))
    visitor = Visitor(console.app().test_client())
    shown = visitor.open(f"/messages/{message_id}").text
    for words in ("Delivered 1", "Bounced 1", "Complained 0", "No word yet 3"):
        assert words in " ".join(shown.split())
    bounced = visitor.open(f"/messages/{message_id}", receipt="bounced").text
    assert "user-0001" in bounced
    assert "user-0000" not in bounced


@pytest.mark.parametrize(
    ("deliveries", "published"),
    [("true", [("user-0000", "delivered"), ("user-0001", "bounced")]), ("false", [("user-0001", "bounced")])],
)
def test_bounces_are_published_always_and_deliveries_by_the_setting(
    pipeline: Pipeline,
    bus: Bus,
    monkeypatch: pytest.MonkeyPatch,
    deliveries: str,
    published: list[tuple[str, str]],
) -> None:
    monkeypatch.setenv("FANFARE_DELIVERY_EVENTS", deliveries)
    message_id = pipeline.post()
    pipeline.run()
    reported(pipeline, (0, "delivered"), (1, "bounced"))
    (detail,) = [detail for kind, detail in bus.details if kind == "receipts recorded"]
    assert (detail["message_id"], detail["channel"]) == (message_id, "email")
    assert [(each["user_id"], each["receipt"]) for each in detail["receipts"]] == published
