"""Calls are counted where they are made: in a process of their own, as the emulator starts functions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local.aws_calls import AwsCalls, readable

CALLER = """
import boto3
from botocore.awsrequest import AWSResponse

class Raw:
    def stream(self, *_, **__):
        return iter([b'{"Item": {}, "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 0.5}}'])

def answer(request, **_):
    assert b"ReturnConsumedCapacity" in request.body
    return AWSResponse(request.url, 200, {}, Raw())

client = boto3.client("dynamodb")
client.meta.events.register("before-send.dynamodb", answer)
client.get_item(TableName="ttt", Key={"pk": {"S": "a"}})
client.get_item(TableName="ttt", Key={"pk": {"S": "a"}})
"""


def call(calls: AwsCalls, **environment: str) -> None:
    aws = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    aws["AWS_DEFAULT_REGION"] = "eu-central-1"
    env = {"PATH": os.environ["PATH"], **aws, **calls.environment(), **environment}
    subprocess.run([sys.executable, "-c", CALLER], env=env, check=True)  # noqa: S603  (our own text)


def test_a_functions_calls_and_capacity_are_counted(tmp_path: Path) -> None:
    calls = AwsCalls(tmp_path / "calls")
    call(calls, AWS_LAMBDA_FUNCTION_NAME="Fanfare-local-Service-FanOutFunctionA0BAF8B2-AA221474FA84B")
    assert calls.as_json() == {
        "total": 2,
        "functions": {"FanOut": {"dynamodb.GetItem": {"calls": 2, "capacity_units": 1.0}}},
    }
    calls.reset()
    assert calls.as_json()["total"] == 0


def test_a_function_keeps_its_readable_name() -> None:
    assert readable("Fanfare-local-Service-ReconcileD51D4F4F-BA7131C972124") == "Reconcile"
    # one that is so long that CloudFormation cut the dash off
    assert readable("Fanfare-local-Service-RecordReceiptFunction312108CE958D4B135EA6E") == "RecordReceipt"
    assert readable("something-else") == "something-else"
