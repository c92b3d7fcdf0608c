"""`make deploy`: what it runs, by the state of the stacks. CloudFormation's answers are stubbed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from deploy.deploy import deploy
from deploy.session import aws_session
from infra.settings import DeploymentSettings
from tools.processes import StepFailed

FIRST = (
    *("deploy", "Fanfare-prod-Storage", "--exclusively"),
    *("--context", "first_deployment=true", "--context", "stage=prod", "--require-approval", "never"),
)
BOTH = ("deploy", "--all", "--context", "stage=prod", "--require-approval", "never")


def settings(stage: str, **more: Any) -> DeploymentSettings:
    return DeploymentSettings(stage=stage, sender="hello@shop.example", **more)


class Session:
    """CloudFormation with stacks in these states, and SES, which writes down what it is sent."""

    def __init__(self, states: Mapping[str, str], *, refusal: str = "") -> None:
        self.states = states
        self.refusal = refusal
        self.sent: list[Any] = []

    def client(self, service: str) -> Any:
        if service != "sesv2":
            return self
        session: Any = botocore.session.get_session()
        session.set_credentials("key", "secret")
        ses = session.create_client("sesv2", region_name="eu-central-1")
        ses.meta.events.register("before-send.sesv2", self.answer)
        return ses

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        known: Any = {"message": self.refusal}
        if not self.refusal and request.method == "GET":
            known = {"DeliveryOptions": {"TlsPolicy": "REQUIRE", "SendingPoolName": "ours"}}
        elif not self.refusal:
            self.sent.append((urlsplit(request.url).path, json.loads(request.body)))
        body = json.dumps(known).encode()
        headers = HTTPHeaders()
        headers["x-amzn-ErrorType"] = "AccessDeniedException"
        raw = SimpleNamespace(stream=lambda: [body])
        return AWSResponse(request.url, 403 if self.refusal else 200, headers if self.refusal else HTTPHeaders(), raw)

    def describe_stack_resources(self, *, StackName: str) -> Any:
        kinds = {"AWS::SES::EmailIdentity": "shop.example", "AWS::SES::ConfigurationSet": f"Rules-of-{StackName}"}
        return {"StackResources": [{"ResourceType": kind, "PhysicalResourceId": id} for kind, id in kinds.items()]}

    def describe_stacks(self, *, StackName: str) -> Any:
        if StackName not in self.states:
            said: Any = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": said}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.states[StackName]}]}


def ran(stage: str, storage: str | None, *statuses: int, service: str = "CREATE_COMPLETE") -> list[tuple[str, ...]]:
    commands: list[tuple[str, ...]] = []
    left = [*statuses]

    def run(arguments: Sequence[str]) -> int:
        commands.append(tuple(arguments))
        return left.pop(0) if left else 0

    states = {f"Fanfare-{stage}-Storage": storage, f"Fanfare-{stage}-Service": service}
    known = {name: state for name, state in states.items() if state}
    deploy(settings(stage), True, Session(known), terminal=False, run=run)
    return commands


@pytest.mark.parametrize("state", [None, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"])
def test_the_first_deployment_protects_the_storage_only_when_it_is_there(state: str | None) -> None:
    assert ran("prod", state) == [FIRST, BOTH]


@pytest.mark.parametrize("state", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_later_ones_never_take_the_protection_off(state: str) -> None:
    assert ran("prod", state) == [BOTH]


def test_a_failed_creation_is_not_continued() -> None:
    assert ran("prod", None, 1) == [FIRST]


def test_a_stage_without_protection_is_deployed_at_once() -> None:
    assert ran("dev", None) == [("deploy", "--all", "--context", "stage=dev", "--require-approval", "never")]


def test_without_a_terminal_permissions_are_approved_beforehand() -> None:
    with pytest.raises(StepFailed, match=r"Look at `make diff`, then run `make deploy STAGE=prod APPROVED=1`"):
        deploy(settings("prod"), False, Session({}), terminal=False, run=lambda _: 0)


def test_at_a_terminal_the_cdk_asks() -> None:
    commands: list[Sequence[str]] = []
    states = {"Fanfare-prod-Storage": "CREATE_COMPLETE"}
    deploy(settings("prod"), False, Session(states), terminal=True, run=lambda command: commands.append(command) or 0)  # type: ignore[func-returns-value]
    assert commands == [("deploy", "--all", "--context", "stage=prod")]


def test_a_stack_that_is_stuck_is_reported_with_the_way_out() -> None:
    with pytest.raises(StepFailed, match=r"continue-update-rollback --stack-name Fanfare-prod-Service"):
        ran("prod", "CREATE_COMPLETE", service="UPDATE_ROLLBACK_FAILED")


STATES = {"Fanfare-prod-Storage": "CREATE_COMPLETE", "Fanfare-prod-Service": "CREATE_COMPLETE"}
PATH = "/v2/email/configuration-sets/Rules-of-Fanfare-prod-Service/delivery-options"


@pytest.mark.parametrize(
    ("chosen", "mode"),
    [({}, "REGIONAL"), ({"shared_pool": "regional"}, "REGIONAL"), ({"shared_pool": "global"}, "GLOBAL")],
)
def test_mail_leaves_the_region_only_if_that_is_chosen(chosen: dict[str, str], mode: str) -> None:
    session = Session(STATES)
    assert deploy(settings("prod", **chosen), True, session, terminal=False, run=lambda _: 0) == 0
    assert session.sent == [(PATH, {"TlsPolicy": "REQUIRE", "SendingPoolName": "ours", "SharedPoolDeliveryMode": mode})]


def test_a_deployment_that_failed_sets_nothing() -> None:
    session = Session(STATES)
    assert deploy(settings("prod"), True, session, terminal=False, run=lambda _: 1) == 1
    assert session.sent == []


def test_if_ses_does_not_take_it_the_command_is_named() -> None:
    command = (
        "aws sesv2 put-configuration-set-delivery-options --tls-policy REQUIRE "
        "--configuration-set-name Rules-of-Fanfare-prod-Service --shared-pool-delivery-mode REGIONAL"
    )
    with pytest.raises(StepFailed, match=command):
        deploy(settings("prod"), True, Session(STATES, refusal="no"), terminal=False, run=lambda _: 0)


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_given_as_the_cdk_reads_it_or_as_botocore_does(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(name, "eu-south-2")
    assert aws_session().region_name == "eu-south-2"
