"""Public samples of SES's events, through the deployed rules and the real handler."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fanfare.channels.email_events import tag_value
from fanfare.runtime import stores

from functions.record_receipt.handler import handler
from local.providers import ses_events
from local.providers.outbox import Mail
from tests.infra.ses_samples import ADDRESS, AT, SAMPLES, Sample
from tests.infra.synth import Deployment, Properties
from tests.infra.test_receipts import passed_on, rule
from tests.integration.conftest import aws, clock  # noqa: F401 - fixtures
from tests.integration.pipeline import Context

MESSAGE = "01941f29-7c00-7abc-8def-0123456789ab"
RULES = ("Bounces", "Listed", "Others")


def published(sample: Sample, configuration_set: Any) -> dict[str, Any]:
    """The event on EventBridge's bus: in the envelope, with our tags."""
    mail = {
        "timestamp": AT,
        "messageId": "0100-ses",
        "source": "no-reply@example.com",
        "destination": [ADDRESS],
        "headersTruncated": False,
        "headers": [{"name": "To", "value": ADDRESS}],
        "commonHeaders": {"to": [ADDRESS], "subject": "Hello"},
        "tags": {
            "ses:operation": ["SendBulkEmail"],
            "ses:configuration-set": configuration_set,
            "ses:source-ip": ["192.0.2.3"],
            "ses:from-domain": ["example.com"],
            "message_id": [MESSAGE],
            "user_id": [tag_value("reader")],
            "address_no": ["0"],
        },
    }
    detail = sample.event | {"mail": mail}
    return {"version": "0", "id": "1", "detail-type": "Email Event", "source": "aws.ses", "time": AT, "detail": detail}


def matches(pattern: Any, value: Any) -> bool:
    """What EventBridge says: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"""
    if isinstance(pattern, dict):
        inner = value if isinstance(value, dict) else {}
        missing = object()
        return all(matches(each, inner.get(name, missing)) for name, each in pattern.items())
    values = value if isinstance(value, list) else [value]
    return any(_one(alternative, each) for alternative in pattern for each in values)


def _one(alternative: Any, value: Any) -> bool:
    there = type(value) is not object
    if not isinstance(alternative, dict):
        return there and bool(alternative == value)
    if "exists" in alternative:
        return there is alternative["exists"]
    if "anything-but" in alternative:
        return there and value not in alternative["anything-but"]
    return there and alternative == value  # the name of the configuration set


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.usefixtures("aws")
def test_a_public_sample_is_taken_and_understood_as_written(sample: Sample, dev: Deployment) -> None:
    rules: dict[str, Properties] = {name: rule(dev, name) for name in RULES}
    tags = rules["Bounces"]["EventPattern"]["detail"]["mail"]["tags"]
    event = published(sample, tags["ses:configuration-set"])
    taking = [name for name, each in rules.items() if matches(each["EventPattern"], event)]
    assert taking == ([sample.rule] if sample.rule else [])
    stores.audience().users.put("reader", {"email": ADDRESS})
    for name in taking:
        body = passed_on(rules[name], event)
        assert "@" not in body
        record = {"messageId": "record-0", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
        assert handler({"Records": [record]}, Context())["batchItemFailures"] == []
    key = ("reader", MESSAGE, "email")
    receipts = set(stores.deliveries().receipts([key]).get(key, {}))
    assert receipts == ({sample.receipt} if sample.receipt else set())
    suppression = stores.audience().suppressions.get("email", ADDRESS)
    assert (suppression.cause if suppression else None) == sample.cause


def test_there_are_many_of_them_and_each_is_another() -> None:
    assert len({json.dumps(sample.event, sort_keys=True) for sample in SAMPLES}) == len(SAMPLES) >= 50


def test_the_stand_in_bounces_as_samples_do() -> None:
    bounces = [sample.event["bounce"] for sample in SAMPLES if sample.event.get("eventType") == "Bounce"]
    assert {*ses_events.BOUNCES.values()} <= {(each["bounceType"], each.get("bounceSubType")) for each in bounces}
    mail = Mail(channel="email", to="no-mailbox@simulator.example.com", provider_id="0100-ses", sender="a@example.com")
    sent, bounced = ses_events.after(mail, "fanfare-local")
    assert (sent["eventType"], bounced["eventType"]) == ("Send", "Bounce")
    assert bounced["bounce"].keys() <= {name for each in bounces for name in each}
    fields = {name for each in bounces for recipient in each["bouncedRecipients"] for name in recipient}
    assert bounced["bounce"]["bouncedRecipients"][0].keys() <= fields
