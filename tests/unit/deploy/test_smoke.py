from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from deploy import smoke
from local.env import variables
from tools.processes import StepFailed

OUTPUTS = {"InternalApiUrl": "https://in.test", "PublicApiUrl": "https://out.test"}


class CloudFormation:
    def describe_stacks(self, StackName: str) -> Any:
        if StackName != "Fanfare-prod-Service":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": url} for key, url in OUTPUTS.items()]}]}


class Session:
    def __init__(self, credentials: Credentials | None, region: str | None = "eu-west-1") -> None:
        self.region_name = region
        self._credentials = credentials

    def get_credentials(self) -> Credentials | None:
        return self._credentials

    def client(self, _: str) -> CloudFormation:
        return CloudFormation()


def deployed(name: str, session: Session) -> smoke.Stage:
    return smoke._deployed(name, cast(Any, session))


def test_a_stage_is_found_by_its_outputs_and_called_as_the_caller() -> None:
    caller = Credentials("AKIA", "secret", "token")
    stage = deployed("prod", Session(caller))
    assert (stage.internal_url, stage.public_url, stage.region) == ("https://in.test", "https://out.test", "eu-west-1")
    assert stage.credentials is caller


def test_a_stage_that_is_not_there_is_told() -> None:
    with pytest.raises(StepFailed, match=r"Can't find the stage test in eu-west-1: .*does not exist"):
        deployed("test", Session(Credentials("AKIA", "secret")))


@pytest.mark.parametrize("session", [Session(None), Session(Credentials("AKIA", "secret"), region=None)])
def test_missing_credentials_or_region_are_reported_with_the_remedy(session: Session) -> None:
    with pytest.raises(StepFailed, match="Set AWS_PROFILE and AWS_REGION"):
        deployed("prod", session)


def test_every_run_has_an_audience_of_its_own_in_the_simulator() -> None:
    first, second = smoke._audience("smoke-1"), smoke._audience("smoke-2")
    assert not {person.id for person in first} & {person.id for person in second}
    addresses = [person.profile["email"] for person in first if "email" in person.profile]
    assert {address.partition("@")[2] for address in addresses} == {"simulator.amazonses.com", ""}


def test_the_variables_of_a_stack_turn_no_other_tool_round() -> None:
    at = {name: name for name in ("internal_url", "public_url", "console_url", "region", "aws_endpoint_url")}
    keys = {"access_key_id": "AKIA", "secret_access_key": "secret"}
    assert not [name for name in variables({**at, "service": keys}) if name.startswith("AWS_")]
