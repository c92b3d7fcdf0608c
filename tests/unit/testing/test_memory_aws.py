"""The in-memory AWS answers in part, and throttles, where a test asks it to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.queues import QueueRefused, Queues
from fanfare.aws.transactions import Transaction
from fanfare.domain.jobs import FanOutJob

from testing.memory_aws.aws import Memory
from testing.memory_aws.calls import PARTIAL, Part
from testing.memory_aws.errors import throttled


class Struck:
    """A memory in which each operation's first call is answered in part, or throttled."""

    def __init__(self, part: Part | None) -> None:
        self.memory = Memory(lambda: datetime(2027, 1, 1, tzinfo=UTC))
        self.part = part
        self.struck: set[str] = set()
        self.memory.interpose = self._interpose
        client: Any = self.memory.dynamodb
        self.table = DynamoTable(client, "inbox", sleep=lambda _: None)
        sqs: Any = self.memory.sqs
        self.queues = Queues(sqs, fan_out="fan_out", sleep=lambda _: None)

    def _interpose(self, name: str, work: Callable[[], Any]) -> Any:
        if name not in self.struck:
            self.struck.add(name)
            if self.part is None:
                raise throttled(name)
            self.memory.part = self.part
        return work()


ROWS = [{"pk": "user#ada", "sk": str(number)} for number in range(5)]


def test_half_of_a_batch_is_left_and_done_at_the_next_call() -> None:
    struck = Struck(Part(nth=2))
    struck.table.write_many(ROWS)
    assert struck.memory.usage.calls["dynamodb:BatchWriteItem"] == 2
    assert len(struck.table.get_many([(row["pk"], row["sk"]) for row in ROWS])) == 5
    assert struck.memory.usage.calls["dynamodb:BatchGetItem"] == 2
    struck.queues.send_fan_out([FanOutJob(f"m{number}", 0) for number in range(5)])
    assert struck.memory.usage.calls["sqs:SendMessageBatch"] == 2
    assert len(struck.memory.sqs.queues["fan_out"]) == 5
    assert struck.struck == PARTIAL


def test_a_call_answered_in_part_does_what_it_does_not_leave() -> None:
    struck = Struck(None)
    struck.memory.interpose = None
    struck.memory.part = Part(nth=2)
    requests = [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": str(number)}}}} for number in range(5)]
    answer = struck.memory.dynamodb.batch_write_item(RequestItems={"inbox": requests})
    assert answer["UnprocessedItems"] == {"inbox": [requests[0], requests[2], requests[4]]}
    struck.memory.part = None
    assert [row["sk"] for row in struck.table.query("p")] == ["1", "3"]


def test_a_senders_fault_is_refused_for_good() -> None:
    struck = Struck(Part(nth=3, sender_fault=True))
    with pytest.raises(QueueRefused, match="2 of 4 messages were not queued"):
        struck.queues.send_fan_out([FanOutJob(f"m{number}", 0) for number in range(4)])
    assert struck.memory.usage.calls["sqs:SendMessageBatch"] == 1
    assert len(struck.memory.sqs.queues["fan_out"]) == 2


def test_a_throttled_call_is_an_error_and_a_throttled_transaction_is_tried_again() -> None:
    struck = Struck(None)
    with pytest.raises(ClientError, match="ThrottlingException"):
        struck.table.put({"pk": "p", "sk": "a"})
    Transaction().put(struck.table, {"pk": "p", "sk": "b"}).run()
    assert struck.memory.usage.calls["dynamodb:TransactWriteItems"] == 2
    struck.memory.interpose = None
    assert [row["sk"] for row in struck.table.query("p")] == ["b"]
