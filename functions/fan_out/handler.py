"""SQS → fan_out: each record is one shard of one message."""

from __future__ import annotations

import time
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import observability, records
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases import workers as use_cases

TURN_SECONDS = 30.0  # then a job is queued again behind those of other messages, so a huge message does not block them
RESERVE_SECONDS = 20.0  # enough for a page, its queueing and the new job

opened.at_start(use_cases.fan_out)
logger = observability.logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    def fan_out(record: SQSRecord) -> None:
        job = records.read_fan_out_job(record, logger)
        end_of_turn = time.monotonic() + TURN_SECONDS

        def time_left() -> float:
            return min(observability.time_left(context) - RESERVE_SECONDS, end_of_turn - time.monotonic())

        try:
            chosen = use_cases.fan_out().run(job, time_left=time_left)
        except Exception:
            # the batch processor logs it only at DEBUG
            logger.exception("fan-out failed; the queue delivers the job again", message_id=job.message_id)
            raise
        logger.info("fanned out", message_id=job.message_id, shard=job.shard, recipients=chosen)

    return process_partial_response(event=event, record_handler=fan_out, processor=processor, context=context)
