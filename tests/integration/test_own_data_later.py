"""Data of single recipients after the first attempt: retries, redrives, bounces, erasures."""

from __future__ import annotations

import json

import pytest
from fanfare.runtime import stores

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses
from tests.integration.test_own_data import XENIA, accepted, ada_and_grace, everything, person, texts
from tests.integration.test_record_receipt import record, reporting

EVERYBODY = {
    "ada@example.com": "Shop: Ada pays 1",
    "grace@example.com": "Shop: Grace pays 2",
    "Xenia@example.com": "Shop: Xenia pays 9.00",
}
RECIPIENTS = [{"user": "ada", "data": {"total": "1"}}, {"user": "grace", "data": {"total": "2"}}, XENIA]


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    return Pipeline.opened(aws, clock, ses, delays=False)


def test_a_retry_uses_the_data_of_each_recipient(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    ses.entry_status = {"grace@example.com": ["TRANSIENT_FAILURE"], "Xenia@example.com": ["TRANSIENT_FAILURE"]}
    accepted(RECIPIENTS)
    pipeline.run()
    assert texts(ses) == EVERYBODY
    assert set(ses.copies().values()) == {1}


def test_a_redrive_uses_the_data_of_each_recipient(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    ses.entry_status = {"grace@example.com": ["MESSAGE_REJECTED"], "Xenia@example.com": ["MESSAGE_REJECTED"]}
    message = accepted(RECIPIENTS)
    pipeline.run()
    assert texts(ses) == {"ada@example.com": "Shop: Ada pays 1"}
    assert call("POST", f"/v1/messages/{message}/redrives").status == 202
    pipeline.run()
    assert texts(ses) == EVERYBODY
    assert set(ses.copies().values()) == {1}


def test_a_redrive_skips_who_was_erased_although_the_id_is_there_again(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    ses.entry_status = {"ada@example.com": ["MESSAGE_REJECTED"], "grace@example.com": ["MESSAGE_REJECTED"]}
    message = accepted(RECIPIENTS)
    pipeline.run()
    assert call("DELETE", "/v1/users/ada").status == 204
    stores.audience().users.put("ada", {"name": "Ada", "email": "ada@example.com"})
    assert call("POST", f"/v1/messages/{message}/redrives").status == 202
    pipeline.run()
    assert texts(ses) == {to: text for to, text in EVERYBODY.items() if not to.startswith("ada")}
    reasons = {
        each["user_id"]: each["reason"] for each in call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    }
    assert reasons["ada"] == "erased"


def test_own_data_of_an_erased_person_are_in_no_table_whatever_became_of_their_messages(
    pipeline: Pipeline, ses: Ses
) -> None:
    """Messages that are sent, failed, waiting for a retry, queued, not fanned out yet, and not due yet."""
    recipients = [{**XENIA, "data": {"total": "SECRET"}}, {"user": "ada", "data": {"total": "kept"}}]
    ada_and_grace()
    sent = accepted(recipients)
    pipeline.run()
    ses.entry_status = {"Xenia@example.com": ["MESSAGE_REJECTED", "TRANSIENT_FAILURE"]}
    for _ in range(2):
        accepted(recipients)
        pipeline.step("fan_out")
        pipeline.step("email")
    accepted(recipients)
    pipeline.step("fan_out")
    accepted(recipients)
    accepted(recipients, send_at="2027-01-02T08:00:00Z")
    assert len(ses.outbox) == 4
    before = everything(pipeline.aws)
    assert before.count("SECRET") == before.count("kept") == 6
    assert call("DELETE", f"/v1/users/{person(sent)}").status == 204
    left = everything(pipeline.aws)
    assert "SECRET" not in left
    assert "xenia" not in left.lower()
    assert left.count("kept") == 6


@pytest.mark.parametrize(("kind", "cause"), [("Bounce", "bounce"), ("Complaint", "complaint")])
def test_a_bounce_of_a_recipient_by_address_suppresses_the_address(
    pipeline: Pipeline, ses: Ses, kind: str, cause: str
) -> None:
    stores.audience().users.put("xe", {"email": "xenia@example.com"})
    accepted([{"user": "xe", "data": {"total": "1"}}, XENIA])
    pipeline.run()
    (mail,) = [each for each in ses.outbox if each.to == "Xenia@example.com"]
    event = reporting(kind, bounce="Permanent/NoEmail")
    body = json.loads(event["Records"][0]["body"])
    body["detail"]["mail"]["tags"] |= {name: [value] for name, value in mail.tags.items()}
    assert record({"Records": [{**event["Records"][0], "body": json.dumps(body)}]}) == []
    assert call("GET", "/v1/suppressions/email/xenia@example.com").body["cause"] == cause
    again = accepted([{**XENIA}, {"user": "xe", "data": {"total": "1"}}])
    pipeline.run()
    items = call("GET", f"/v1/messages/{again}/deliveries").body["items"]
    assert {each["reason"] for each in items} == {f"suppressed_{cause}"}
    assert len(ses.outbox) == 2
