"""The console of a deployed stage: where it finds the API, and who it is."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy import operate
from tools.processes import StepFailed


class Session:
    """An AWS session whose CloudFormation knows one stage."""

    def client(self, _: str) -> Session:
        return self

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if StackName != "Fanfare-prod-Service":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        outputs = {"PublicApiUrl": "https://public", "InternalApiUrl": "https://internal"}
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": url} for key, url in outputs.items()]}]}


def test_the_api_is_found_by_the_name_of_the_stage() -> None:
    session: Any = Session()
    assert operate.internal_url(session, "prod") == "https://internal"


def test_a_stage_that_is_not_found_is_reported_with_the_remedy() -> None:
    session: Any = Session()
    with pytest.raises(StepFailed, match="Pass it with --url"):
        operate.internal_url(session, "nowhere")


def test_missing_credentials_are_reported_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nobody:
        region_name = None

        def __init__(self, **_: Any) -> None: ...

        def get_credentials(self) -> None:
            return None

    monkeypatch.setattr("deploy.session.boto3.Session", Nobody)
    with pytest.raises(StepFailed, match="No AWS credentials or no region"):
        operate.operate(argparse.Namespace(stage="prod", url=None, port=None))
