"""Steps: some channels of a message leave later, if they are needed then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fanfare.channels.inbox import Inbox
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.domain.jobs import read_job_body
from fanfare.runtime import stores
from fanfare.runtime.use_cases import deliver

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses

Steps = list[dict[str, Any]]

UNLESS_READ: Steps = [
    {"channels": ["inbox"]},
    {"after": "PT1M", "channels": ["email"], "unless": "read"},
]
BODY: dict[str, Any] = {"recipients": ["ada", "grace"], "content": {"subject": "Hello", "text": "World"}}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    for user in ("ada", "grace"):
        call("PUT", f"/v1/users/{user}", {"email": f"{user}@example.com", "name": user})
    return Pipeline.opened(aws, clock, ses, delays=False)


def posted(steps: Steps, **fields: Any) -> str:
    answer = call("POST", "/v1/messages", BODY | {"steps": steps} | fields)
    assert answer.status == 202, answer.body
    return str(answer.body["id"])


def put_notes(pipeline: Pipeline) -> None:
    """What the worker of the inbox does."""
    records = pipeline.receive("inbox")
    worker = replace(deliver.deliver(), channel=Inbox(stores.inboxes()))
    worker.run([read_job_body(each["body"]) for each in records], owner="inbox", time_left=lambda: 60.0)


def mailed(ses: Ses) -> list[str]:
    return sorted(mail.to for mail in ses.outbox)


def test_who_has_read_the_note_needs_no_mail(pipeline: Pipeline, ses: Ses) -> None:
    message = posted(UNLESS_READ)
    shown = call("GET", f"/v1/messages/{message}").body
    assert shown["steps"] == [
        {"channels": ["inbox"], "after": None, "unless": None},
        {"channels": ["email"], "after": "PT1M", "unless": "read"},
    ]
    assert (shown["channels"], shown["counts"]["outstanding"]) == (["inbox", "email"], 4)
    put_notes(pipeline)
    pipeline.run()
    assert mailed(ses) == []
    assert pipeline.counts(message)["outstanding"] == 2
    stores.inboxes().read("ada", message)
    (_, waits) = call("GET", f"/v1/messages/{message}/explanations/grace").body["channels"]
    assert (waits["rules_now"]["reason"], waits["rules_now"]["until"]) == ("step", "2027-01-01T08:01:00.000Z")
    pipeline.reconcile(minutes=2)
    pipeline.run()
    assert mailed(ses) == ["grace@example.com"]
    assert pipeline.delivery("ada", message).reason == "not_needed"
    assert pipeline.counts(message) == {
        "recipients": 4, "sent": 3, "failed": 0, "skipped": 1, "deleted": 0, "outstanding": 0, "digested": 0,
    }  # fmt: skip
    assert pipeline.states(message)[-1] == "sent"
    (_, skipped) = call("GET", f"/v1/messages/{message}/explanations/ada").body["channels"]
    assert (skipped["recorded"]["reason"], skipped["rules_now"]["reason"]) == ("not_needed", "not_needed")


def test_a_dry_run_and_a_deletion_count_later_steps(pipeline: Pipeline, ses: Ses) -> None:
    told = call("POST", "/v1/messages", BODY | {"steps": UNLESS_READ}, dry_run="true").body
    assert (told["deliver"], told["deferred"]) == ({"inbox": 2, "email": 0}, {"email": {"step": 2}})
    message = posted(UNLESS_READ)
    put_notes(pipeline)
    assert call("DELETE", f"/v1/messages/{message}").body == {
        "state": "deleted", "already_sent": 2, "in_flight": 0, "withheld": 2,
    }  # fmt: skip
    pipeline.settle(rounds=3)
    assert mailed(ses) == []


def test_a_receipt_makes_a_step_needless(pipeline: Pipeline, ses: Ses, clock: Clock) -> None:
    steps: Steps = [
        {"channels": ["email"]},
        {"after": "PT5M", "channels": ["sms"], "unless": "delivered"},
    ]
    for user, phone in (("ada", "+436641234567"), ("grace", "+436641234568")):
        call("PATCH", f"/v1/users/{user}", {"phone": phone})
    message = posted(steps)
    pipeline.run()
    arrived = ReceiptEvent(message_id=message, user_id="ada", channel="email", receipt=Receipt.DELIVERED, at=clock())
    stores.deliveries().record_receipts([arrived], retain_until=2_000_000_000)
    (_, ada), (_, grace) = (
        call("GET", f"/v1/messages/{message}/explanations/{user}").body["channels"] for user in ("ada", "grace")
    )
    assert (ada["rules_now"]["reason"], grace["rules_now"]["reason"]) == ("step", "step")
    clock.advance(minutes=6)
    (_, ada), (_, grace) = (
        call("GET", f"/v1/messages/{message}/explanations/{user}").body["channels"] for user in ("ada", "grace")
    )
    assert (ada["rules_now"]["reason"], grace["rules_now"]["action"]) == ("not_needed", "deliver")


def test_quiet_hours_at_the_time_of_a_step_hold_and_it_is_asked_again_after_them(pipeline: Pipeline, ses: Ses) -> None:
    call("PATCH", "/v1/users/grace", {"quiet_hours": {"start": "08:01", "end": "09:00"}})
    message = posted(UNLESS_READ, recipients=["grace"])
    put_notes(pipeline)
    pipeline.reconcile(minutes=2)
    pipeline.run()
    assert (mailed(ses), pipeline.counts(message)["outstanding"]) == ([], 1)
    stores.inboxes().read("grace", message)
    pipeline.reconcile(minutes=60)
    pipeline.run()
    assert (mailed(ses), pipeline.delivery("grace", message).reason) == ([], "not_needed")


def test_a_step_must_be_due_long_before_its_message_is_forgotten(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    week: Steps = [
        {"channels": ["inbox"]},
        {"after": "PT1H", "channels": ["email"]},
        {"after": "P7D", "channels": ["sms"]},
    ]
    assert posted(week)
    monkeypatch.setenv("FANFARE_RETENTION_DAYS", "7")
    from fanfare.runtime.registry import opened  # noqa: PLC0415

    opened.reset()
    answer = call("POST", "/v1/messages", BODY | {"steps": week})
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [("/steps/2/after", "step_too_late")]


def test_a_step_that_waits_for_receipts_that_never_come_is_warned_of(pipeline: Pipeline) -> None:
    steps: Steps = [
        {"channels": ["push"]},
        {"after": "PT5M", "channels": ["email"], "unless": "delivered"},
    ]
    later = {"after": "PT6M", "channels": ["sms"], "unless": "delivered"}
    warnings = call("POST", "/v1/messages", BODY | {"steps": [*steps, later]}).body["warnings"]
    assert [(each["pointer"], each["code"]) for each in warnings] == [
        ("/topic", "no_unsubscribe_link"),
        ("/steps/1/unless", "no_receipts"),
    ]


def test_a_topic_must_be_offered_on_the_channels_of_all_steps(pipeline: Pipeline) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["inbox"]})
    answer = call("POST", "/v1/messages", BODY | {"steps": UNLESS_READ, "topic": "news"})
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [
        ("/steps/1/channels/0", "channel_not_offered")
    ]
