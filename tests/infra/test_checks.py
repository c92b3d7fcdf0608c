from __future__ import annotations

import json

import pytest
from aws_cdk import aws_sqs as sqs
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

from infra.storage import Storage
from tests.infra.synth import Deployment, Template, deployment

PHYSICAL_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
}


def test_cdk_nag_finds_nothing(each: Deployment) -> None:
    assert each.findings == []


def test_cdk_nag_would_find_a_queue_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Storage.__init__

    def with_a_bad_queue(self: Storage, *args: object, **kwargs: object) -> None:
        make(self, *args, **kwargs)  # type: ignore[arg-type]
        sqs.Queue(self, "Bad")

    monkeypatch.setattr(Storage, "__init__", with_a_bad_queue)
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        deployment(stage="broken", sender="hello@shop.example")


@pytest.mark.parametrize(
    "stage", ["full", *(pytest.param(name, marks=pytest.mark.long) for name in ("dev", "prod", "local"))]
)
def test_cfn_lint_finds_nothing(stage: str, request: pytest.FixtureRequest) -> None:
    each: Deployment = request.getfixturevalue(stage)
    assert [found for template in each.templates for found in findings(template)] == []


def test_cfn_lint_would_find_a_wrong_property() -> None:
    wrong = Template({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySecond": 1}}}})
    assert findings(wrong)


# One resource policy of the account lets API Gateway write to all groups below this prefix.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
NAMED = ["/aws/vendedlogs/fanfare/{stage}/internal-api", "/aws/vendedlogs/fanfare/{stage}/public-api"]


def test_nothing_has_a_physical_name_but_the_access_logs(each: Deployment) -> None:
    stage = each.service.function("reconcile")["Environment"]["Variables"]["FANFARE_STAGE"]
    named = [
        properties[name]
        for template in each.templates
        for type, name in PHYSICAL_NAMES.items()
        for properties in template.of_type(type).values()
        if name in properties
    ]
    assert sorted(named) == [name.format(stage=stage) for name in NAMED]


def findings(template: Template) -> list[str]:
    found = lint(json.dumps(template.body), config=ManualArgs(regions=["eu-west-1", "us-east-1"]))
    return [f"{match.rule.id} {match.message}" for match in found]
