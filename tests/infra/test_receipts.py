"""What SES reports goes to the queue of record_receipt: ours alone, and without an address in it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fanfare.channels.email import Email
from fanfare.channels.email_events import EVENT, tag_value
from fanfare.channels.receipts import Receipt

from infra.constructs.receipts import PUBLISHED
from tests.infra.synth import Deployment, Properties, name_of

# https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html, cut down
WHOLE: dict[str, Any] = {
    "version": "0",
    "id": "12345678-1234-1234-1234-123456789012",
    "detail-type": "Email Bounced",
    "source": "aws.ses",
    "account": "123456789012",
    "time": "2027-01-01T08:00:00Z",
    "resources": ["arn:aws:ses:eu-west-1:123456789012:configuration-set/rules"],
    "detail": {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "ada@example.com", "diagnosticCode": "550 ada@example.com unknown"}],
            "timestamp": "2027-01-01T08:00:00.000Z",
        },
        "mail": {
            "timestamp": "2027-01-01T07:59:59.000Z",
            "messageId": "0100-ses",
            "source": "no-reply@example.com",
            "destination": ["ada@example.com"],
            "headers": [{"name": "To", "value": "ada@example.com"}],
            "commonHeaders": {"to": ["ada@example.com"], "subject": "Your secret order"},
            "tags": {
                "ses:configuration-set": ["rules"],
                "message_id": ["01941f29-7c00-7abc-8def-0123456789ab"],
                "user_id": [tag_value("ada")],
                "address_no": ["2"],
            },
        },
    },
}


def rule(deployment: Deployment, name: str) -> Properties:
    rules = deployment.service.of_type("AWS::Events::Rule")
    (found,) = (made for id, made in rules.items() if name_of({"Ref": id}, deployment) == f"Receipts{name}")
    return found


def passed_on(rule: Properties, event: dict[str, Any]) -> str:
    """What the rule's target is given, as EventBridge makes it of the template."""
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]
    made: str = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        value: Any = event
        for step in path.removeprefix("$.").split("."):
            value = value[step]
        made = made.replace(f"<{name}>", json.dumps(value))
    return made


def test_what_leaves_the_rule_holds_no_address_and_is_understood(dev: Deployment) -> None:
    body = passed_on(rule(dev, "Bounces"), WHOLE)
    assert "example.com" not in body
    assert "secret" not in body
    report = Email.read_receipt(json.loads(body))
    assert report is not None
    assert (report.user_id, report.receipt, report.provider_id) == ("ada", Receipt.BOUNCED, "0100-ses")
    assert report.address_no == 2


def test_events_that_are_no_bounce_have_every_path_that_their_rule_reads(dev: Deployment) -> None:
    for kind in rule(dev, "Others")["EventPattern"]["detail"]["eventType"]:
        detail = {key: value for key, value in WHOLE["detail"].items() if key != "bounce"}
        body = passed_on(rule(dev, "Others"), {**WHOLE, "detail": {**detail, "eventType": kind}})
        assert not re.search(r"<[a-z]", body)
        assert Email.read_receipt(json.loads(body)) is not None


@pytest.mark.parametrize("name", ["Bounces", "Listed", "Others"])
def test_only_mails_of_this_stage_that_carry_our_tags_pass(each: Deployment, name: str) -> None:
    pattern = rule(each, name)["EventPattern"]
    assert pattern["source"] == ["aws.ses"]
    tags = pattern["detail"]["mail"]["tags"]
    assert [name_of(ours, each) for ours in tags["ses:configuration-set"]] == ["SenderRules"]
    assert tags["message_id"] == tags["user_id"] == tags["address_no"] == [{"exists": True}]
    assert "EventBusName" not in rule(each, name)  # the default bus: the only one that SES knows


def test_what_is_published_is_what_the_rules_take_and_the_channel_reads(dev: Deployment) -> None:
    destination = dev.service.only("AWS::SES::ConfigurationSetEventDestination")["EventDestination"]
    taken = {
        kind
        for name in ("Bounces", "Listed", "Others")
        for kind in rule(dev, name)["EventPattern"]["detail"]["eventType"]
    }
    assert taken == set(PUBLISHED.values())
    assert taken <= {"Bounce", *EVENT}
    assert sorted(destination["MatchingEventTypes"]) == [
        "bounce", "complaint", "delivery", "deliveryDelay", "reject", "renderingFailure",
    ]  # fmt: skip
    assert destination["Enabled"] is True


def test_deliveries_can_be_left_out_and_nothing_else(full: Deployment) -> None:
    destination = full.service.only("AWS::SES::ConfigurationSetEventDestination")["EventDestination"]
    assert "delivery" not in destination["MatchingEventTypes"]
    assert "Delivery" not in rule(full, "Others")["EventPattern"]["detail"]["eventType"]
    assert len(destination["MatchingEventTypes"]) == len(PUBLISHED) - 1


@pytest.mark.parametrize("name", ["Bounces", "Listed", "Others"])
def test_the_rules_write_to_the_queue_and_to_nothing_else(each: Deployment, name: str) -> None:
    (target,) = rule(each, name)["Targets"]
    assert name_of(target["Arn"], each) == "RecordReceiptQueue"
    assert "DeadLetterConfig" not in target  # it would hold the event as it came, addresses and all


def test_the_queue_takes_from_these_rules_alone(each: Deployment) -> None:
    allowed = [
        statement
        for policy in each.service.of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert {name_of(statement["Resource"], each) for statement in allowed} == {"RecordReceiptQueue"}
    assert all(statement["Principal"] == {"Service": "events.amazonaws.com"} for statement in allowed)
    sources = {name_of(statement["Condition"]["ArnEquals"]["aws:SourceArn"], each) for statement in allowed}
    assert sources == {"ReceiptsBounces", "ReceiptsListed", "ReceiptsOthers"}
