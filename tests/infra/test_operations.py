from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fanfare.channels import CHANNELS

from infra.alarms import ALARMS
from infra.constructs.naming import pascal
from infra.dashboard import DASHBOARD
from infra.metrics import OURS
from tests.infra.synth import Deployment, Properties, listed, name_of

RUNBOOKS = Path(__file__).parents[2] / "docs" / "operations.md"
SECTIONS = re.split(r"^## ", RUNBOOKS.read_text(), flags=re.MULTILINE)[1:]
QUEUES = {"FanOut", "RecordReceipt", *map(pascal, CHANNELS)}


def alarms(deployment: Deployment) -> list[Properties]:
    return list(deployment.service.of_type("AWS::CloudWatch::Alarm").values())


def watched(deployment: Deployment, metric: str, dimension: str) -> set[str]:
    """The constructs whose `metric` has an alarm."""
    return {
        name_of(each["Value"], deployment)
        for alarm in alarms(deployment)
        if alarm["MetricName"] == metric
        for each in alarm.get("Dimensions", ())
        if each["Name"] == dimension
    }


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_an_alarm_has_a_runbook_that_says_what_to_do_and_how(alarm: Any) -> None:
    (section,) = (section for section in SECTIONS if section.partition("\n")[0] == alarm.name)
    assert all(part in section for part in ("**You see**", "**Why:**", "```sh\n"))


def test_an_alarm_names_its_runbook_and_tells_the_operators(each: Deployment) -> None:
    topic = each.service.of_type("AWS::SNS::Topic").keys()
    for alarm in alarms(each):
        runbook = re.search(r"\(docs/operations\.md#([a-z-]+)\)$", alarm["AlarmDescription"])
        assert runbook
        assert runbook[1] in {known.name for known in ALARMS}
        assert [action["Ref"] for action in alarm["AlarmActions"]] == [*topic]
        assert alarm["OKActions"] == alarm["AlarmActions"]


def test_every_dead_letter_queue_is_watched(each: Deployment) -> None:
    dead = {f"{name}DeadLetters" for name in QUEUES}
    assert watched(each, "ApproximateNumberOfMessagesVisible", "QueueName") == dead


def test_a_dead_letter_that_does_not_stay_rings_nothing(dev: Deployment) -> None:
    letters = [each for each in alarms(dev) if each["MetricName"] == "ApproximateNumberOfMessagesVisible"]
    for alarm in letters:
        assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Minimum", 300, 3)


def test_every_function_and_every_api_is_watched(each: Deployment) -> None:
    functions = {name_of({"Ref": id}, each) for id in each.service.functions}
    assert watched(each, "Errors", "FunctionName") == functions
    apis = {name_of({"Ref": id}, each) for id in each.service.of_type("AWS::ApiGatewayV2::Api")}
    assert len(apis) == 2
    assert watched(each, "5xx", "ApiId") == apis


def test_a_reconciler_that_says_nothing_rings(each: Deployment) -> None:
    (alarm,) = (made for made in alarms(each) if made["MetricName"] == "reconciled")
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 300


def test_the_rates_of_ses_ring_where_it_begins_to_review(dev: Deployment) -> None:
    # https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
    rates = {made["MetricName"]: made["Threshold"] for made in alarms(dev) if made["Namespace"] == "AWS/SES"}
    assert rates == {"Reputation.BounceRate": 0.05, "Reputation.ComplaintRate": 0.001}


def test_refused_calls_unconfirmed_codes_and_spending_ring(dev: Deployment, full: Deployment) -> None:
    thresholds = {
        "requests_throttled": 100,
        "sign_ups_refused": 50,
        "codes_unconfirmed": 20,
        "codes_refused": 1,
    }
    for made_by, spent in ((dev, 20), (full, 500)):
        found = {made["MetricName"]: made["Threshold"] for made in alarms(made_by)}
        assert found.items() >= (thresholds | {"SMSMonthToDateSpentUSD": spent}).items()


def test_throttled_requests_are_counted_from_the_access_logs_of_both_apis(each: Deployment) -> None:
    filters = list(each.service.of_type("AWS::Logs::MetricFilter").values())
    groups = {name_of(made["LogGroupName"], each) for made in filters}
    assert groups == {"InternalApiAccessLogs", "PublicApiAccessLogs"}
    for made in filters:
        assert made["FilterPattern"] == '{ $.status = "429" }'
        (counted,) = made["MetricTransformations"]
        assert (counted["MetricNamespace"], counted["MetricName"]) == (OURS, "requests_throttled")
        assert counted["Dimensions"] == [
            {"Key": "service", "Value": "$.service"},
            {"Key": "stage", "Value": "$.stage"},
        ]
    for stage in each.service.of_type("AWS::ApiGatewayV2::Stage").values():
        logged = json.loads(stage["AccessLogSettings"]["Format"])
        assert (logged["service"], logged["status"]) == ("fanfare", "$context.status")


# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
# API Gateway escapes nothing. These have no quotes and backslashes; `error.message` can have both.
PLAIN = {
    *("requestTime", "requestId", "httpMethod", "status", "responseLength", "responseLatency", "error.responseType"),
    *("routeKey", "identity.userArn"),
}


def test_a_line_of_an_access_log_stays_json_whatever_the_request_was(each: Deployment) -> None:
    for stage in each.service.of_type("AWS::ApiGatewayV2::Stage").values():
        logged = json.loads(stage["AccessLogSettings"]["Format"])
        assert {text.removeprefix("$context.") for text in logged.values() if text.startswith("$")} <= PLAIN


def test_the_guide_counts_what_costs_at_rest(dev: Deployment) -> None:
    secrets = [id for made in dev.templates for id in made.of_type("AWS::SecretsManager::Secret")]
    assert (len(secrets), len(alarms(dev))) == (8, 31)
    guide = " ".join((RUNBOOKS.parent / "deploy.md").read_text().split())
    # $0.40 and $0.10 a month each
    assert "eight secrets ($3.20), 31 alarms ($3.10)" in guide


def test_figures_of_ours_are_those_of_this_stage_alone(dev: Deployment, prod: Deployment) -> None:
    for deployment, stage in ((dev, "dev"), (prod, "prod")):
        ours = [made for made in alarms(deployment) if made["Namespace"] == OURS]
        assert ours
        for made in ours:
            told = {each["Name"]: each["Value"] for each in made["Dimensions"]}
            assert told == {"service": "fanfare", "stage": stage}


def test_the_dashboard_shows_every_picture(each: Deployment) -> None:
    widgets = json.loads(whole(each.service.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))["widgets"]
    shown = {widget["properties"]["title"]: widget["properties"].get("metrics", []) for widget in widgets}
    assert shown.keys() >= {graph.title for graph in DASHBOARD}
    assert all(metrics for title, metrics in shown.items() if not title.startswith("Alarms"))


def test_only_alarms_of_this_account_publish_to_the_operators_and_only_by_tls(prod: Deployment) -> None:
    statements = prod.service.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]
    assert [(each["Principal"], each["Action"]) for each in allowed] == [
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    ]
    assert all(
        each["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}} for each in allowed
    )
    (denied,) = (each for each in statements if each["Effect"] == "Deny")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_the_alarms_say_is_encrypted_with_a_key_that_cloudwatch_may_use(each: Deployment) -> None:
    key = each.service.only("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    topic = each.service.only("AWS::SNS::Topic")
    assert name_of(topic["KmsMasterKeyId"], each) == "OperationsKey"
    users = {
        service: set(listed(statement["Action"]))
        for statement in key["KeyPolicy"]["Statement"]
        for service in [statement["Principal"].get("Service")]
        if service
    }
    assert users == {"cloudwatch.amazonaws.com": {"kms:Decrypt", "kms:GenerateDataKey*"}}


def test_operators_are_told_by_mail_if_they_want_to_be(full: Deployment, dev: Deployment) -> None:
    subscription = full.service.only("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "operations@shop.example")
    assert not dev.service.of_type("AWS::SNS::Subscription")


def whole(reference: Any) -> str:
    """A text with references in it, each by some name."""
    return "".join(_parts(reference))


def _parts(reference: Any) -> Iterator[str]:
    match reference:
        case str():
            yield reference
        case {"Fn::Join": ["", parts]}:
            for part in parts:
                yield from _parts(part)
        case dict():
            yield "x"
