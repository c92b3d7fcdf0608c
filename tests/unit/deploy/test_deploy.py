"""`make deploy`: what it runs, by the state of the stacks. CloudFormation's answers are stubbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.deploy import deploy
from tools.processes import StepFailed

FIRST = (
    *("deploy", "Fanfare-prod-Storage", "--exclusively"),
    *("--context", "first_deployment=true", "--context", "stage=prod", "--require-approval", "never"),
)
BOTH = ("deploy", "--all", "--context", "stage=prod", "--require-approval", "never")


class Session:
    """CloudFormation with stacks in these states."""

    def __init__(self, states: Mapping[str, str]) -> None:
        self.states = states

    def client(self, _: str) -> Session:
        return self

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
    deploy(stage, True, Session(known), terminal=False, run=run)
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
        deploy("prod", False, Session({}), terminal=False, run=lambda _: 0)


def test_at_a_terminal_the_cdk_asks() -> None:
    commands: list[Sequence[str]] = []
    states = {"Fanfare-prod-Storage": "CREATE_COMPLETE"}
    deploy("prod", False, Session(states), terminal=True, run=lambda command: commands.append(command) or 0)  # type: ignore[func-returns-value]
    assert commands == [("deploy", "--all", "--context", "stage=prod")]


def test_a_stack_that_is_stuck_is_reported_with_the_way_out() -> None:
    with pytest.raises(StepFailed, match=r"continue-update-rollback --stack-name Fanfare-prod-Service"):
        ran("prod", "CREATE_COMPLETE", service="UPDATE_ROLLBACK_FAILED")
