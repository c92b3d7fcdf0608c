"""The SDK's client with the walk left out gives what the client with it gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from fanfare.items import pack
from fanfare.sdk import lean

ITEM = pack({"pk": "user#ada", "sk": "user", "rev": 3, "ok": True, "profile": {"push": [{"token": "x"}], "a": None}})
REQUESTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("get_item", {"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}, {"Item": ITEM}),
    ("query", {"TableName": "t", "KeyConditionExpression": "x", "Limit": 3}, {"Items": [ITEM], "LastEvaluatedKey": {}}),
    ("batch_get_item", {"RequestItems": {"t": {"Keys": [{}]}}}, {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}}),
    ("update_item", {"TableName": "t", "Key": {}, "ExpressionAttributeValues": ITEM}, {"Attributes": ITEM}),
    ("transact_write_items", {"TransactItems": [{"Put": {"TableName": "t", "Item": ITEM}}]}, {}),
    ("batch_write_item", {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}]}}, {"UnprocessedItems": {}}),
]


class Raw:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.content


def client(answer: dict[str, Any], status: int, sent: list[Any]) -> Any:
    """A client of the SDK whose calls all end in one answer."""
    session: Any = boto3.Session("key", "secret", region_name="eu-central-1")
    opened = session.client("dynamodb")

    def answered(request: Any, **_: Any) -> AWSResponse:
        sent.append((json.loads(request.body), request.headers["X-Amz-Target"]))
        return AWSResponse(request.url, status, {"x-amzn-requestid": "1"}, Raw(json.dumps(answer).encode()))  # type: ignore[arg-type]

    opened.meta.events.register("before-send.dynamodb", answered)
    return opened


def asked(change: Callable[[Any], Any], operation: str, request: Any, answer: Any, status: int = 200) -> Any:
    """What went out, and what came back or was raised."""
    sent: list[Any] = []
    try:
        got = getattr(change(client(answer, status, sent)), operation)(**request)
    except ClientError as error:
        got = error.response
    for body, _ in sent:
        body.pop("ClientRequestToken", None)  # drawn for each call
    return sent, got


@pytest.mark.parametrize(("operation", "request_", "answer"), REQUESTS, ids=lambda each: str(each)[:20])
def test_a_call_goes_out_and_comes_back_as_by_the_sdk_itself(operation: str, request_: Any, answer: Any) -> None:
    ours = asked(lean, operation, request_, answer)
    assert ours == asked(lambda same: same, operation, request_, answer)
    assert ours[1].items() >= answer.items()


def test_a_refusal_says_the_same_as_by_the_sdk_itself() -> None:
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": ITEM}]
    answer = {"__type": kind, "Message": "cancelled", "CancellationReasons": reasons}
    ours = asked(lean, "transact_write_items", REQUESTS[4][1], answer, 400)[1]
    theirs = asked(lambda same: same, "transact_write_items", REQUESTS[4][1], answer, 400)[1]
    assert {name: ours[name] for name in theirs} == theirs
    assert ours["CancellationReasons"] == reasons


def test_the_walk_is_left_out() -> None:
    """If botocore moves what is replaced, answers stay right and become dear: this says so."""
    unknown = {"Item": {"pk": {"S": "a"}}, "NotInTheModel": 1}
    assert asked(lean, "get_item", REQUESTS[0][1], unknown)[1]["NotInTheModel"] == 1
    assert asked(lean, "get_item", {**REQUESTS[0][1], "NotInTheModel": 1}, {})[0][0][0]["NotInTheModel"] == 1
