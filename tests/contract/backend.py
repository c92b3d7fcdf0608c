"""A table and a queue of some AWS."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fanfare.aws.tables import Index, TableSpec

from tests.integration.conftest import create_table

PK = "thing#1"
THINGS = TableSpec("things", indexes=(Index("due", hash="due_shard", range="due_at", include=("note",)),))


@dataclass
class Backend:
    """Clients, and the means to let time pass."""

    name: str
    dynamodb: Any
    sqs: Any
    table: str
    queue: str
    sleep: Callable[[float], None]

    def clean(self) -> None:
        while found := sks(self.query()):
            for sk in found:
                self.dynamodb.delete_item(TableName=self.table, Key=key(sk))
        for message in self.receive():
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    # DynamoDB, short

    def put(self, sk: str = "a", **attributes: Any) -> None:
        self.dynamodb.put_item(TableName=self.table, Item=item(sk, **attributes))

    def get(self, sk: str = "a") -> Any:
        return self.dynamodb.get_item(TableName=self.table, Key=key(sk), ConsistentRead=True).get("Item")

    def update(self, expression: str, sk: str = "a", **more: Any) -> Any:
        return self.dynamodb.update_item(TableName=self.table, Key=key(sk), UpdateExpression=expression, **more)

    def query(self, condition: str = "pk = :pk", values: Mapping[str, Any] | None = None, **more: Any) -> Any:
        return self.dynamodb.query(
            TableName=self.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={":pk": {"S": PK}} | dict(values or {}),
            **more,
        )

    def transact(self, *parts: tuple[str, Mapping[str, Any]]) -> Any:
        items = [{kind: {"TableName": self.table, **request}} for kind, request in parts]
        return self.dynamodb.transact_write_items(TransactItems=items)

    # SQS, short

    def send(self, *bodies: str, **more: Any) -> Any:
        entries = [{"Id": str(place), "MessageBody": body, **more} for place, body in enumerate(bodies)]
        return self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)

    def receive(self, *, limit: int = 10, visibility: int = 30) -> Any:
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=limit, VisibilityTimeout=visibility)
        return answer.get("Messages", [])


def key(sk: str = "a") -> dict[str, Any]:
    return {"pk": {"S": PK}, "sk": {"S": sk}}


def item(sk: str = "a", **attributes: Any) -> dict[str, Any]:
    return key(sk) | attributes


def sks(answer: Any) -> list[str]:
    return [each["sk"]["S"] for each in answer["Items"]]


def opened(which: str, dynamodb: Any, sqs: Any) -> Backend:
    """A table and a queue of their own."""
    name = f"contract-{uuid4()}"
    create_table(dynamodb, name, THINGS)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    return Backend(which, dynamodb, sqs, name, queue, time.sleep)
