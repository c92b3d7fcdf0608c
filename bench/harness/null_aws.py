"""The real SDK on an in-memory AWS: requests are serialized, signed and parsed as usual, but not sent.

botocore calls its `before-send` hooks before it opens a connection. So the measurement includes everything a function
does, with its SDK, but no network. The time of the in-memory AWS is measured separately and subtracted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from fanfare.aws.fast_sdk import use_raw_json
from fanfare.json_text import written
from fanfare.runtime.clients import PROVIDER, STORE

from bench.harness.function import body_of, response, target_of
from testing.memory_aws.aws import Memory

DYNAMODB = {
    "GetItem": "get_item",
    "UpdateItem": "update_item",
    "PutItem": "put_item",
    "DeleteItem": "delete_item",
    "Query": "query",
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "TransactWriteItems": "transact_write_items",
}
SQS = {
    "SendMessageBatch": "send_message_batch",
    "ReceiveMessage": "receive_message",
    "DeleteMessage": "delete_message",
    "ChangeMessageVisibility": "change_message_visibility",
}
APART: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "PutEvents": ("events", {"FailedEntryCount": 0, "Entries": []}),
    "GetSecretValue": ("secretsmanager", {"SecretString": '{"k1": "a key for the bench alone"}'}),
}


class NullAws:
    """`client` returns an SDK client that uses `memory`. `seconds` is the CPU time spent there."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.seconds = 0.0
        self.sent = 0  # messages that providers accepted
        self.events = 0  # entries put on the bus
        self.taken: Callable[[Any], None] | None = None  # called for each mail

    def client(self, service: str) -> Any:
        session: Any = boto3.Session("null", "null", region_name="eu-central-1")
        client = session.client(
            service,
            endpoint_url="http://127.0.0.1:9",
            config=PROVIDER if service in ("sesv2", "sns") else STORE,
        )
        client.meta.events.register("before-send.*.*", self._answer)
        return client if service == "sns" else use_raw_json(client)

    def _answer(self, request: Any, **_: object) -> AWSResponse:
        began = time.process_time()
        answer = response(request.url, *self.answer(target_of(request), body_of(request)))
        self.seconds += time.process_time() - began
        return answer

    def answer(self, target: str | None, body: bytes) -> tuple[int, bytes]:
        """Status and body for a request, by its `X-Amz-Target`."""
        if not body.startswith(b"{"):
            return 200, self._of_sns(parse_qs(body.decode())["Action"][0])
        status, answer = self._result(target, json.loads(body))
        return status, written(answer).encode()

    def _result(self, target: str | None, asked: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if target is None:
            return 200, self.memory.call("sesv2:SendBulkEmail", lambda: self._take(asked))
        name = target.partition(".")[2]
        if name in APART:
            service, answer = APART[name]
            self.events += len(asked.get("Entries", ()))
            return 200, self.memory.call(f"{service}:{name}", lambda: answer)
        try:
            if name in DYNAMODB:
                return 200, getattr(self.memory.dynamodb, DYNAMODB[name])(**asked)
            return 200, getattr(self.memory.sqs, SQS[name])(**asked)
        except ClientError as error:
            said: dict[str, Any] = dict(error.response)
            code = said.pop("Error")
            return 400, {"__type": f"x#{code['Code']}", "message": code["Message"]} | said

    def _take(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        entries = asked["BulkEmailEntries"]
        self.sent += len(entries)
        if self.taken is not None:
            for entry in entries:
                self.taken(entry)
        return {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "0" * 60} for _ in entries]}

    def _of_sns(self, action: str) -> bytes:
        """SNS uses XML."""
        self.sent += action == "Publish"
        told = {"Publish": "<MessageId>1</MessageId>", "CreatePlatformEndpoint": "<EndpointArn>arn:1</EndpointArn>"}
        answer = f"<{action}Response><{action}Result>{told[action]}</{action}Result></{action}Response>".encode()
        return self.memory.call(f"sns:{action}", lambda: answer)
