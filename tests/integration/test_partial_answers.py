"""What AWS leaves undone in a call that succeeds, and what handlers do near their end: on the real handlers."""

from __future__ import annotations

import importlib
import time
from collections import Counter
from typing import Any

import pytest
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.runtime import clients, stores

from tests.integration.conftest import Aws, Clock
from tests.integration.pipeline import Context, Pipeline
from tests.integration.provider import Ses


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return Pipeline.opened(aws, clock, ses)


class Busy:
    """DynamoDB that does only the first half of each batch, and says what it has left, so many times over."""

    def __init__(self, client: Any, operation: str, left_over: str) -> None:
        self.left_over = left_over
        self.left: list[Any] = []
        client.meta.events.register(f"provide-client-params.dynamodb.{operation}", self._cut)
        client.meta.events.register(f"after-call.dynamodb.{operation}", self._say)
        self.times = 0

    def _cut(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        now, later = {}, {}
        for table, asked in params["RequestItems"].items():
            writes = isinstance(asked, list)
            entries = asked if writes else asked["Keys"]
            done, left = entries[: len(entries) // 2 or 1], entries[len(entries) // 2 or 1 :]
            now[table] = done if writes else {**asked, "Keys": done}
            if left:
                later[table] = left if writes else {**asked, "Keys": left}
        self.left.append(later)
        return {**params, "RequestItems": now}

    def _say(self, parsed: dict[str, Any], **_: Any) -> None:
        left = self.left.pop()
        self.times += bool(left)
        parsed[self.left_over] = left


def test_keys_that_dynamodb_leaves_unread_are_read_and_everybody_is_reached(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    users = pipeline.subscribers(12)
    message = pipeline.post()
    busy = Busy(stores.audience().table.client, "BatchGetItem", "UnprocessedKeys")
    pipeline.run()
    assert busy.times > 0
    assert ses.copies() == Counter({f"{user}@example.com": 1 for user in users})
    assert pipeline.message(message).state is State.SENT
    assert pipeline.counts(message)["skipped"] == 0


def test_records_that_dynamodb_leaves_unwritten_are_written(pipeline: Pipeline) -> None:
    pipeline.topic()
    users = pipeline.subscribers(12)
    message = pipeline.post()
    busy = Busy(stores.deliveries().table.client, "BatchWriteItem", "UnprocessedItems")
    pipeline.run()
    assert busy.times > 0
    assert [pipeline.delivery(user, message).status for user in users] == [Outcome.SENT] * 12


def invoke(function: str, records: list[dict[str, Any]], **context: Any) -> dict[str, Any]:
    handler = importlib.import_module(f"functions.{function}.handler").handler
    answer: dict[str, Any] = handler({"Records": records}, Context(**context))
    return answer


def test_a_batch_that_fails_is_brought_back_after_its_back_off(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(3)
    pipeline.post()
    pipeline.step("fan_out")
    records = pipeline.receive("email")
    hidden: list[int] = []

    def noted(params: dict[str, Any], **_: Any) -> None:
        hidden.append(params["VisibilityTimeout"])

    clients.queues().client.meta.events.register("provide-client-params.sqs.ChangeMessageVisibility", noted)
    ses.down = 1
    failed = invoke("deliver", records)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == [record["messageId"] for record in records]
    (seconds,) = hidden
    assert 30 <= seconds <= 60  # of the first attempt: half of twice the base of 30 seconds, and as much again at most
    assert pipeline.receive("email") == []


@pytest.mark.parametrize(("seconds_left", "begun"), [(19, 10), (45, 15)])
def test_a_fan_out_hands_on_if_less_than_twenty_seconds_are_left(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, seconds_left: int, begun: int
) -> None:
    monkeypatch.setattr("fanfare.pipeline.fan_out.page.PAGE", 10)
    pipeline.topic()
    pipeline.subscribers(15)
    message = pipeline.post()
    records = pipeline.receive("fan_out")
    assert invoke("fan_out", records, milliseconds=seconds_left * 1_000) == {"batchItemFailures": []}
    assert pipeline.counts(message)["recipients"] == begun
    handed_on = [each for each in pipeline.receive("fan_out") if each["messageId"] != records[0]["messageId"]]
    assert len(handed_on) == (begun < 15)
