from __future__ import annotations

from typing import Any

import pytest

from infra.constructs.naming import pascal
from infra.grants import GRANTS
from tests.infra.synth import Deployment, Properties, listed

OF_ANOTHER_NAME = {
    "secret": "SigningKeys",
    "configuration_set": "SenderRules",
    "events": "Bus",
    "phone_numbers": "all but :sns:*:*:*",
}
PUSH = "arn:aws:sns:eu-west-1:123456789012"
OF_PUSH = {
    "push_applications": [f"{PUSH}:app/GCM/shop", f"{PUSH}:app/APNS/shop"],
    "push_endpoints": [f"{PUSH}:endpoint/GCM/shop/*", f"{PUSH}:endpoint/APNS/shop/*"],
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"
TRACING = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}


def constructs(target: str, function: Properties) -> list[str]:
    """A target of `grants.py` as the template names it: `messages.due` → `Messages/index/due`."""
    if target == "key":
        return [KEY] if function["Environment"]["Variables"]["FANFARE_STAGE"] == "full" else []
    if target == "origin_keys" and "FANFARE_ORIGIN_KEYS_ARN" not in function["Environment"]["Variables"]:
        return []
    if target in ("sender", "senders"):
        return [":identity/*", ":template/*"]
    if target in OF_PUSH:
        return OF_PUSH[target] if "FANFARE_PUSH_FCM_APPLICATION_ARN" in function["Environment"]["Variables"] else []
    owner, _, part = target.partition(".")
    if part in {"due", "recent", "listed"}:
        return [f"{pascal(owner)}/index/{part}"]
    return [OF_ANOTHER_NAME.get(target, pascal(owner) + pascal(part))]


@pytest.mark.parametrize("name", GRANTS)
def test_a_role_allows_what_the_grants_say_and_nothing_else(each: Deployment, name: str) -> None:
    function = each.service.function(name)
    granted = {
        (action, construct)
        for target, actions in GRANTS[name].items()
        for action in actions
        for construct in constructs(target, function)
    }
    allowed = {pair for pair in each.statements(function) if not pair[0].startswith("logs:")}
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


def test_only_who_has_something_to_say_may_say_it(each: Deployment) -> None:
    assert allowed_to(each, "ses:") == {"deliver-email", "public_api"}
    assert allowed_to(each, "sns:Publish") - {"deliver-push"} == {"deliver-sms", "public_api"}
    assert allowed_to(each, "sns:CreatePlatformEndpoint") <= {"deliver-push"}


def test_a_text_goes_to_a_number_and_to_no_topic(each: Deployment) -> None:
    for name in ("deliver-sms", "public_api"):
        published = {to for action, to in each.statements(each.service.function(name)) if action == "sns:Publish"}
        assert published == {"all but :sns:*:*:*"}


# By secret: the functions that have this purpose, written out
READERS = {
    "SigningKeys": {"public_api", *(f"deliver-{name}" for name in ("email", "sms", "push", "webhook", "inbox"))},
    "CursorKeys": {"internal_api", "public_api"},
    "WebhookKeys": {"public_api", "deliver-webhook"},
    "CodeKeys": {"public_api"},
    "AuditKeys": {"internal_api"},
    "AddressKeys": {"internal_api", "public_api"},
    "PersonKeys": {"internal_api"},
}


def test_each_purpose_has_a_secret_that_only_its_functions_read(each: Deployment, prod: Deployment) -> None:
    readers = READERS | ({"OriginKeys": {"public_api"}} if behind_a_proxy(each) else {})
    read: dict[str, set[str]] = {}
    for function in each.service.functions.values():
        for action, secret in each.statements(function):
            if action == "secretsmanager:GetSecretValue":
                read.setdefault(secret, set()).add(function["Description"].removeprefix("Fanfare: "))
    assert read == readers
    assert behind_a_proxy(prod)


def behind_a_proxy(deployment: Deployment) -> bool:
    """The deployer's own proxy is known by what it sends."""
    return "FANFARE_ORIGIN_KEYS_ARN" in deployment.service.function("public_api")["Environment"]["Variables"]


def conditions(deployment: Deployment, action: str) -> list[Any]:
    """The conditions of every statement that allows the action."""
    return [
        statement.get("Condition")
        for policy in deployment.service.of_type("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if action in listed(statement["Action"]) and "SenderRules" not in str(statement["Resource"])
    ]


def test_a_function_writes_as_the_deployments_sender_and_as_nobody_else_of_its_domain(
    dev: Deployment, prod: Deployment
) -> None:
    assert conditions(prod, "ses:SendEmail") == [{"StringEqualsIfExists": {"ses:FromAddress": "hello@shop.example"}}]
    own = {"StringEqualsIfExists": {"ses:FromAddress": "no-reply@example.com"}}
    for action in ("ses:SendBulkEmail", "ses:SendBulkTemplatedEmail"):
        assert conditions(dev, action) == [own]


def test_mails_to_topics_come_from_addresses_in_the_domain_that_is_verified(prod: Deployment) -> None:
    in_domain = {"StringLikeIfExists": {"ses:FromAddress": ["*@shop.example", "*@*.shop.example"]}}
    for action in ("ses:SendBulkEmail", "ses:SendBulkTemplatedEmail"):
        assert conditions(prod, action) == [in_domain]


def test_a_text_is_sent_in_the_region_of_the_deployment_alone(each: Deployment) -> None:
    texts = [
        statement
        for policy in each.service.of_type("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if "NotResource" in statement
    ]
    here = {"StringEquals": {"aws:RequestedRegion": {"Ref": "AWS::Region"}}}
    assert [(text["Action"], text["Condition"]) for text in texts] == [("sns:Publish", here)] * 2


def test_a_function_is_told_only_of_what_it_may_call(dev: Deployment) -> None:
    variables = dev.service.function("reconcile")["Environment"]["Variables"]
    assert "FANFARE_EMAIL_DEAD_LETTERS_URL" in variables
    assert not {"FANFARE_AUDIENCE_TABLE", "FANFARE_SECRET_ARN", "FANFARE_SENDER"} & variables.keys()


def test_only_who_makes_links_knows_where_they_lead(dev: Deployment) -> None:
    knowing = {
        made["Description"].removeprefix("Fanfare: ")
        for made in dev.service.functions.values()
        if "FANFARE_PUBLIC_URL" in made["Environment"]["Variables"]
    }
    workers = {f"deliver-{name}" for name in ("email", "sms", "push", "webhook", "inbox")}
    assert knowing == {"internal_api", "public_api", *workers}


def allowed_to(deployment: Deployment, action: str) -> set[str]:
    """The functions that may call something that begins so."""
    return {
        function["Description"].removeprefix("Fanfare: ")
        for function in deployment.service.functions.values()
        if any(allowed.startswith(action) for allowed, _ in deployment.statements(function))
    }
