from __future__ import annotations

import pytest

from infra.constructs.naming import pascal
from infra.grants import GRANTS
from tests.infra.synth import Deployment, listed

OF_ANOTHER_NAME = {"secret": "SigningKeys", "sender": "SenderIdentity", "configuration_set": "SenderRules"}
TRACING = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}


def construct(target: str) -> str:
    """A target of `grants.py` as the template names it: `messages.due` → `Messages/index/due`."""
    owner, _, part = target.partition(".")
    if part in {"due", "recent"}:
        return f"{pascal(owner)}/index/{part}"
    return OF_ANOTHER_NAME.get(target, pascal(owner) + pascal(part))


@pytest.mark.parametrize("name", GRANTS)
def test_a_role_allows_what_the_grants_say_and_nothing_else(each: Deployment, name: str) -> None:
    granted = {(action, construct(target)) for target, actions in GRANTS[name].items() for action in actions}
    allowed = {pair for pair in each.statements(each.service.function(name)) if not pair[0].startswith("logs:")}
    assert allowed == granted | TRACING


def test_a_function_writes_only_to_its_own_logs(dev: Deployment) -> None:
    for id, function in dev.service.functions.items():
        written = {pair for pair in dev.statements(function) if pair[0].startswith("logs:")}
        group = f"{id[:-8]}Logs"
        assert written == {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


def test_no_policy_has_a_wildcard_for_an_action(each: Deployment) -> None:
    for template in each.templates:
        for type in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for policy in template.of_type(type).values():
                allowed = [a for s in policy["PolicyDocument"]["Statement"] for a in listed(s["Action"])]
                assert not [action for action in allowed if "*" in action]


def test_no_role_brings_a_policy_of_its_own(each: Deployment) -> None:
    for role in each.service.of_type("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role
        assert "Policies" not in role


def test_only_tracing_has_every_resource(each: Deployment) -> None:
    for function in each.service.functions.values():
        assert {action for action, resource in each.statements(function) if resource == "*"} == {
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
        }


def test_only_email_may_send_mail(each: Deployment) -> None:
    senders = {
        function["Description"]
        for function in each.service.functions.values()
        if any(action.startswith("ses:") for action, _ in each.statements(function))
    }
    assert senders == {"Fanfare: deliver-email"}


def test_only_the_internal_api_reads_the_signing_keys(each: Deployment) -> None:
    readers = {
        function["Description"]
        for function in each.service.functions.values()
        if ("secretsmanager:GetSecretValue", "SigningKeys") in set(each.statements(function))
    }
    assert readers == {"Fanfare: internal_api"}


def test_a_function_is_told_only_of_what_it_may_call(dev: Deployment) -> None:
    variables = dev.service.function("reconcile")["Environment"]["Variables"]
    assert "FANFARE_EMAIL_DEAD_LETTERS_URL" in variables
    assert not {"FANFARE_AUDIENCE_TABLE", "FANFARE_SECRET_ARN", "FANFARE_SENDER"} & variables.keys()
