"""A copy in a queue that is no job: it is said aloud, goes to the dead letters, and holds up nobody."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Aws, Clock
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses


@pytest.fixture
def pipeline(aws: Aws, clock: Clock) -> Pipeline:
    return Pipeline.opened(aws, clock, Ses())


@pytest.mark.parametrize("body", ["not JSON", "{}", "[]", '{"message_id": "m", "batch_id": 7, "generation": 1}'])
@pytest.mark.parametrize("queue", ["fan_out", "email"])
def test_what_is_no_job_is_told_and_goes_to_the_dead_letters(
    queue: str, body: str, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.topic()
    pipeline.subscribers(3)
    pipeline.aws.sqs.send_message(QueueUrl=pipeline.aws.queues[queue], MessageBody=body)
    sent = pipeline.post()
    pipeline.run()
    assert pipeline.counts(sent)["sent"] == 3
    told = [record for record in caplog.records if record.getMessage() == "a job that can't be read"]
    assert [record.levelname for record in told] == ["ERROR"] * pipeline.max_receives
    assert len({vars(record)["sqs_message_id"] for record in told}) == 1
    dead = pipeline.aws.sqs.receive_message(QueueUrl=pipeline.aws.dead_letters[queue])["Messages"]
    assert [each["Body"] for each in dead] == [body]
