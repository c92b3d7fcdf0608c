"""`make preflight` against stubbed accounts: a new one, one in the sandbox, and a good one.

botocore's Stubber holds each answer against AWS's model of the service, and fails if a call is made that is not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deploy.preflight import findings
from deploy.preflight_checks import Look
from infra import bundle
from infra.settings import DeploymentSettings

REGION = "eu-central-1"
SHOP = {"stage": "prod", "sender": "Shop <hello@shop.example>", "sender_domain": "shop.example"}
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/0a1b2c3d-1111-2222-3333-444455556666"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"
ISSUER = "https://id.shop.example"
FULL = {
    **SHOP,
    "sender_identity": "existing",
    "public_domain": "notify.shop.example",
    "public_certificate_arn": CERTIFICATE,
    "hosted_zone_id": "Z0123456789ABC",
    "hosted_zone_name": "shop.example",
    "kms_key_arn": KEY,
    "permissions_boundary": "shop-boundary",
    "oidc_issuer": ISSUER,
    "oidc_audience": ("app",),
    "sms_countries": ("AT",),
}
DELIVERY = "AWSLogDeliveryWrite20150319"

Answers = dict[str, list[tuple[str, Any]]]  # service → operations in order, with the answer or an error's code


def stack(state: str) -> Any:
    return {"Stacks": [{"StackName": "s", "CreationTime": "2027-01-01T00:00:00Z", "StackStatus": state}]}


def ses_account(*, production: bool, rate: float, plan: str = "NONE") -> Any:
    return {
        "ProductionAccessEnabled": production,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 200.0 if not production else 1e6, "MaxSendRate": rate, "SentLast24Hours": 0.0},
        "PricingAttributes": {"CurrentPlan": plan},
    }


def new() -> Answers:
    """Nothing was ever done in this account."""
    return {
        "cloudformation": [("describe_stacks", "ValidationError")] * 2,
        "ssm": [("get_parameter", "ParameterNotFound")],
        "sesv2": [
            ("get_email_identity", "NotFoundException"),
            ("get_account", ses_account(production=False, rate=1.0, plan="ESSENTIALS")),
        ],
        "lambda": [("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 10}})],
        "logs": [("describe_resource_policies", {"resourcePolicies": []})],
    }


def sandboxed() -> Answers:
    """Somebody sends mail from it already, by hand, and many APIs log."""
    full = {"policyName": DELIVERY, "policyDocument": "x" * 5_000}
    return {
        **new(),
        "cloudformation": [("describe_stacks", "ValidationError")] * 3,
        "ssm": [("get_parameter", {"Parameter": {"Name": "version", "Value": "5"}})],
        "sesv2": [
            ("get_email_identity", {"IdentityType": "DOMAIN", "VerifiedForSendingStatus": False}),
            ("get_account", ses_account(production=False, rate=1.0)),
        ],
        "lambda": [("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 1_000}})],
        "logs": [("describe_resource_policies", {"resourcePolicies": [full]})],
    }


def good() -> Answers:
    """Deployed, with every option."""
    zone = {"Id": "/hostedzone/Z0123456789ABC", "Name": "shop.example.", "CallerReference": "r"}
    identity = {"UserId": "AIDA", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"}
    certificate = {"Status": "ISSUED", "DomainName": "shop.example", "SubjectAlternativeNames": ["*.shop.example"]}
    return {
        "cloudformation": [("describe_stacks", stack("UPDATE_COMPLETE"))] * 2,
        "ssm": [("get_parameter", {"Parameter": {"Name": "version", "Value": "28"}})],
        "sesv2": [
            ("get_email_identity", {"IdentityType": "DOMAIN", "VerifiedForSendingStatus": True}),
            ("get_account", ses_account(production=True, rate=200.0)),
        ],
        "lambda": [("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 1_000}})],
        "logs": [("describe_resource_policies", {"resourcePolicies": []})],
        "acm": [("describe_certificate", {"Certificate": certificate})],
        "route53": [("get_hosted_zone", {"HostedZone": zone})],
        "sts": [("get_caller_identity", identity)],
        "iam": [("get_policy", {"Policy": {"PolicyName": "shop-boundary"}})],
        "kms": [("describe_key", key("Enabled"))],
        "sns": [("get_sms_sandbox_account_status", {"IsInSandbox": False})],
    }


def key(state: str) -> Any:
    return {"KeyMetadata": {"KeyId": "k", "KeyState": state, "KeyUsage": "ENCRYPT_DECRYPT"}}


def openid(*, issuer: str = ISSUER, **key: str) -> Mapping[str, Any]:
    return {
        f"{ISSUER}/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{ISSUER}/keys"},
        f"{ISSUER}/keys": {"keys": [key or {"kty": "RSA", "kid": "one", "alg": "RS256"}]},
    }


def found(answers: Answers, context: Mapping[str, Any], pages: Mapping[str, Any] | None = None) -> list[str]:
    """What the checks find; `STOPS` before what stops a deployment. Every listed call has to be made."""
    stubs: dict[str, Stubber] = {}
    clients: dict[str, Any] = {}
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    for service, asked in answers.items():
        clients[service] = boto3.client(service, region_name=REGION, **keys)  # type: ignore[call-overload]
        stubs[service] = Stubber(clients[service])
        for operation, answer in asked:
            if isinstance(answer, str):
                stubs[service].add_client_error(operation, service_error_code=answer)
            else:
                stubs[service].add_response(operation, answer)
        stubs[service].activate()
    settings = DeploymentSettings.model_validate({"bundle": False, **context})
    look = Look(settings=settings, region=REGION, client=clients.__getitem__, fetch=(pages or {}).__getitem__)
    told = [f"{'STOPS ' if each.stops else ''}{each.what} | {each.cure}" for each in findings(look)]
    for stub in stubs.values():
        stub.assert_no_pending_responses()
    return told


def expect(told: list[str], *beginnings: str) -> None:
    assert len(told) == len(beginnings), told
    for line, beginning in zip(told, beginnings, strict=True):
        assert line.startswith(beginning)
        assert len(line.partition(" | ")[2]) > 20  # a cure


def test_a_new_account() -> None:
    expect(
        found(new(), SHOP),
        "STOPS The CDK is not bootstrapped here (qualifier hnb659fds).",
        "SES is in the sandbox: 200 mails a day",
        "SES sends 1 mails a second, and 200 a day.",
        "The plan of SES is ESSENTIALS",
        "The account runs 10 functions at once; 7 queues with max_concurrency 5 and both APIs need 45.",
    )


def test_a_new_account_with_what_else_surprises() -> None:
    told = found(new(), {**SHOP, "self_sign_up": True, "max_concurrency": 2})
    assert [line for line in told if line.startswith("self_sign_up: Cognito's own mail is limited to 50")]
    assert [line for line in told if "max_concurrency 2 and both APIs need 24" in line]


def test_a_sandboxed_account_in_which_others_send() -> None:
    expect(
        found(sandboxed(), SHOP),
        "STOPS SES has the identity shop.example already: the deployment can't create it. | Set "
        '"sender_identity": "existing" in stages/prod.json.',
        "STOPS The resource policy AWSLogDeliveryWrite20150319 is full",
        "The CDK's bootstrap stack has version 5, before 6.",
        "SES has not verified shop.example",
        "SES is in the sandbox",
        "SES sends 1 mails a second",
    )


def test_a_good_account_has_no_findings() -> None:
    assert found(good(), FULL, openid()) == []


def in_good(service: str, operation: str, answer: Any, **more: Any) -> list[str]:
    return found({**good(), service: [(operation, answer)]}, {**FULL, **more}, openid())


@pytest.mark.parametrize(
    ("service", "operation", "answer", "expected"),
    [
        (
            "acm",
            "describe_certificate",
            {"Certificate": {"Status": "PENDING_VALIDATION", "DomainName": "notify.shop.example"}},
            "STOPS The certificate of notify.shop.example is PENDING_VALIDATION.",
        ),
        (
            "acm",
            "describe_certificate",
            {"Certificate": {"Status": "ISSUED", "DomainName": "*.example"}},
            "STOPS The certificate is not for notify.shop.example.",
        ),
        ("acm", "describe_certificate", "ResourceNotFoundException", "STOPS There is no certificate arn:"),
        ("route53", "get_hosted_zone", "NoSuchHostedZone", "STOPS There is no zone Z0123456789ABC."),
        ("iam", "get_policy", "NoSuchEntity", "STOPS There is no policy shop-boundary."),
        ("kms", "describe_key", "NotFoundException", "STOPS There is no key arn:"),
        ("kms", "describe_key", key("PendingDeletion"), "STOPS The key is PendingDeletion"),
        ("sns", "get_sms_sandbox_account_status", {"IsInSandbox": True}, "SNS is in the SMS sandbox"),
        (
            "lambda",
            "get_account_settings",
            "AccessDeniedException",
            "concurrency: not checked, because you may not",
        ),
    ],
)
def test_each_fault_of_an_account_is_found_with_its_cure(
    service: str, operation: str, answer: Any, expected: str
) -> None:
    expect(in_good(service, operation, answer), expected)


def test_an_identity_that_should_exist_and_does_not_stops() -> None:
    sesv2 = [("get_email_identity", "NotFoundException"), ("get_account", ses_account(production=True, rate=200.0))]
    expect(found({**good(), "sesv2": sesv2}, FULL, openid()), "STOPS SES has no identity shop.example in eu-central-1.")


def test_an_identity_that_made_the_first_deployment_fail_stops_the_second() -> None:
    states = [("describe_stacks", stack(state)) for state in ("CREATE_COMPLETE", *["ROLLBACK_COMPLETE"] * 2)]
    told = found({**good(), "cloudformation": states}, FULL | {"sender_identity": "create"}, openid())
    expect(told, "STOPS SES has the identity shop.example already: the deployment can't create it.")


def test_a_stack_that_is_stuck_stops() -> None:
    states = [("describe_stacks", stack(state)) for state in ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED")]
    told = found({**good(), "cloudformation": states}, FULL, openid())
    expect(told, "STOPS The stack Fanfare-prod-Service is in UPDATE_ROLLBACK_FAILED.")


def test_what_is_in_another_region_stops_without_a_call() -> None:
    elsewhere = {name: FULL[name].replace(REGION, "us-east-1") for name in ("public_certificate_arn", "kms_key_arn")}  # type: ignore[attr-defined]
    answers = {service: asked for service, asked in good().items() if service not in {"acm", "kms"}}
    expect(
        found(answers, {**FULL, **elsewhere}, openid()),
        "STOPS The certificate is in us-east-1, the deployment in eu-central-1.",
        "STOPS The key is in us-east-1, the deployment in eu-central-1.",
    )


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        (
            openid(kty="EC", kid="one", alg="ES256"),
            "API Gateway takes RSA signatures only; the issuer's keys are ES",
        ),
        (openid(kty="RSA", alg="RS256"), "API Gateway takes RSA signatures only"),  # without `kid`
        (openid(issuer=f"{ISSUER}/"), "The issuer calls itself 'https://id.shop.example/'"),
        ({}, f"STOPS {ISSUER}/.well-known/openid-configuration does not lead to the issuer's keys"),
    ],
)
def test_an_issuer_that_api_gateway_does_not_take_is_found(pages: Mapping[str, Any], expected: str) -> None:
    expect(found(good(), FULL, pages), expected)


@pytest.fixture
def _no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "interpreter", lambda _: None)


@pytest.mark.usefixtures("_no_python")
def test_layers_without_bytecode_are_reported() -> None:
    expect(found(good(), {**FULL, "bundle": True}, openid()), "There is no Python 3.13 here")
