"""Calls are counted where they are made: in a process of their own, as the emulator starts functions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from testing.aws_calls import AwsCalls, asked, readable, refused, target_of

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


# A transaction is its parts, an index a target of its own, a batch what it is a batch of; a number is no resource.
ASKER = """
import boto3
from botocore.awsrequest import AWSResponse

class Raw:
    def stream(self, *_, **__):
        return iter([b"{}"])

def opened(service):
    client = boto3.client(service)
    client.meta.events.register("before-send", lambda request, **_: AWSResponse(request.url, 200, {}, Raw()))
    return client

key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
dynamodb = opened("dynamodb")
for _ in range(2):
    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": "of-messages", "Item": key}},
        {"ConditionCheck": {"TableName": "of-batches", "Key": key, "ConditionExpression": "attribute_exists(pk)"}},
    ])
dynamodb.query(TableName="of-messages", IndexName="due", KeyConditionExpression="pk = :pk")
dynamodb.batch_get_item(RequestItems={"of-batches": {"Keys": [key]}})
opened("sqs").send_message_batch(QueueUrl="https://sqs.test/1/q", Entries=[{"Id": "0", "MessageBody": "{}"}])
"""


def test_what_iam_is_asked_is_told_by_the_names_of_the_grants(tmp_path: Path) -> None:
    calls = AwsCalls(tmp_path / "calls")
    call(
        calls,
        ASKER,
        AWS_LAMBDA_FUNCTION_NAME="Fanfare-local-Service-FanOutFunctionA0BAF8B2-AA221474FA84B",
        FANFARE_MESSAGES_TABLE="of-messages",
        FANFARE_BATCHES_TABLE="of-batches",
        FANFARE_QUEUES="https://sqs.test/1/",
        FANFARE_FAN_OUT_QUEUE_URL="q",
    )
    assert asked(calls.folder) == {
        ("FanOut", "dynamodb:PutItem", "messages"),
        ("FanOut", "dynamodb:ConditionCheckItem", "batches"),
        ("FanOut", "dynamodb:Query", "messages.due"),
        ("FanOut", "dynamodb:BatchGetItem", "batches"),
        ("FanOut", "sqs:SendMessage", "fan_out.queue"),
    }


def test_what_is_asked_of_something_without_a_name_is_told_as_it_is() -> None:
    assert target_of("nothing") == "phone_numbers"
    assert target_of("arn:aws:sns:eu-central-1:1:endpoint/GCM/a/b") == "push_endpoints"
    assert target_of("somebody-elses-table") == "somebody-elses-table"


WRONG = """
import sys
before = [*sys.path]
import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

class Raw:
    def stream(self, *_, **__):
        return iter([b"{}"])

client = boto3.client("dynamodb", config=Config(parameter_validation=False))
client.meta.events.register("before-send", lambda request, **_: AWSResponse(request.url, 200, {}, Raw()))
key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
client.get_item(TableName="ttt", Key=key)
client.update_item(TableName="ttt", Key=key, UpdateExpression="SET #a = a = :a", ExpressionAttributeNames={"#a": "a"})
assert sys.path == before, "the project is still on the path"
"""


def test_what_aws_would_refuse_is_told_and_is_no_call(tmp_path: Path) -> None:
    calls = AwsCalls(tmp_path / "calls")
    environment = calls.environment(by_the_rules=True)
    call(calls, WRONG, AWS_LAMBDA_FUNCTION_NAME="Fanfare-local-Service-ReconcileD51D4F4F-BA7131C972124", **environment)
    assert refused(calls.folder) == ["Reconcile UpdateItem: [':a'] is not defined"]
    assert calls.as_json()["total"] == 2
    assert asked(calls.folder) == {
        ("Reconcile", "dynamodb:GetItem", "ttt"),
        ("Reconcile", "dynamodb:UpdateItem", "ttt"),
    }


def call(calls: AwsCalls, script: str = CALLER, **environment: str) -> None:
    aws = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    aws["AWS_DEFAULT_REGION"] = "eu-central-1"
    env = {"PATH": os.environ["PATH"], **aws, **calls.environment(), **environment}
    subprocess.run([sys.executable, "-c", script], env=env, check=True)  # noqa: S603  (our own text)


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
