"""A message at a wall-clock time of each reader."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses

LOCAL: dict[str, Any] = {"send_at": {"local": "2027-01-02T09:00"}}  # the clock stands at 2027-01-01T08:00Z
BODY: dict[str, Any] = {"topic": TOPIC, "template": {"id": "order-shipped"}, "data": {"order": "A-17"}}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setenv("FANFARE_TIME_ZONE", "America/New_York")
    opened = Pipeline.opened(aws, clock, ses, delays=False)
    opened.topic()
    for start, zone in enumerate(("Pacific/Kiritimati", "Europe/Vienna", None)):
        opened.subscribers(1, start=start, time_zone=zone)
    return opened


def test_each_reader_gets_it_at_their_own_time(pipeline: Pipeline, ses: Ses) -> None:
    message = pipeline.post(**LOCAL)
    shown = call("GET", f"/v1/messages/{message}").body
    assert (shown["state"], shown["send_at"]) == ("pending", {"local": "2027-01-02T09:00"})
    pipeline.reconcile(hours=11)
    pipeline.run()
    assert pipeline.counts(message)["recipients"] == 3
    assert len(ses.outbox) == 1
    pipeline.reconcile(hours=12, minutes=59)
    pipeline.run()
    assert len(ses.outbox) == 1
    pipeline.reconcile(minutes=2)
    pipeline.run()
    assert len(ses.outbox) == 2
    pipeline.reconcile(hours=6)
    pipeline.run()
    assert pipeline.states(message) == ["pending", "active", "sent"]
    assert len(ses.outbox) == 3
    assert set(ses.copies().values()) == {1}


def test_a_dry_run_an_explanation_and_a_deletion_know_who_waits(pipeline: Pipeline, ses: Ses) -> None:
    body = BODY | {"send_at": {"local": "2027-01-01T09:00"}}  # Kiritimati and Vienna have it behind them
    told = call("POST", "/v1/messages", body, dry_run="true").body
    assert (told["deliver"], told["deferred"]) == ({"email": 2}, {"email": {"local_time": 1}})
    message = call("POST", "/v1/messages", body).body["id"]
    pipeline.run()
    assert len(ses.outbox) == 2
    (explained,) = call("GET", f"/v1/messages/{message}/explanations/user-0002").body["channels"]
    assert (explained["rules_now"]["action"], explained["rules_now"]["reason"], explained["rules_now"]["until"]) == (
        "defer", "local_time", "2027-01-01T14:00:00.000Z",
    )  # fmt: skip
    assert explained["recorded"]["steps"][-1]["result"] == "waits: deferred"
    assert call("DELETE", f"/v1/messages/{message}").body == {
        "state": "deleted", "already_sent": 2, "in_flight": 0, "withheld": 1,
    }  # fmt: skip
    pipeline.settle(rounds=5, minutes=180)
    assert len(ses.outbox) == 2


def test_whose_time_comes_after_the_expiry_is_skipped_at_once(pipeline: Pipeline, ses: Ses) -> None:
    body = BODY | {"send_at": {"local": "2027-01-01T09:00"}, "expires_at": "2027-01-01T14:00:00Z"}
    assert call("POST", "/v1/messages", body, dry_run="true").body["skipped"] == {"email": {"expired": 1}}
    message = call("POST", "/v1/messages", body).body["id"]
    pipeline.run()
    assert (pipeline.states(message)[-1], len(ses.outbox)) == ("sent", 2)
    assert pipeline.delivery("user-0002", message).reason == "expired"


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"send_at": {"local": "2028-02-02T09:00"}}, "/send_at", "too_far"),
        ({**LOCAL, "expires_at": "2027-01-01T19:00:00Z"}, "/expires_at", "expired"),
    ],
)
def test_what_reaches_nobody_or_is_too_far_is_refused(
    pipeline: Pipeline, fields: dict[str, Any], pointer: str, code: str
) -> None:
    answer = call("POST", "/v1/messages", BODY | fields)
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [(pointer, code)]
