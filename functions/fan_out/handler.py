"""SQS → fan_out: each record is one shard of one message."""

from __future__ import annotations

import time

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.domain.jobs import read_fan_out_body
from fanfare.runtime import wiring

TURN_SECONDS = 30.0  # then a job hands on, behind those of other messages: a huge one keeps nobody waiting for long
RESERVE_SECONDS = 20.0  # a page, its queueing and the hand-over fit into what is left then

logger = wiring.logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    def fan_out(record: SQSRecord) -> None:
        try:
            job = read_fan_out_body(record.body)
        except (KeyError, ValueError):
            logger.exception("a job that can't be read", sqs_message_id=record.message_id)
            raise
        end_of_turn = time.monotonic() + TURN_SECONDS

        def time_left() -> float:
            return min(wiring.time_left(context) - RESERVE_SECONDS, end_of_turn - time.monotonic())

        try:
            chosen = wiring.fan_out().run(job, time_left=time_left)
        except Exception:
            # the batch processor would only say so at DEBUG
            logger.exception("fan-out broke off; the queue brings the job again", message_id=job.message_id)
            raise
        logger.info("fanned out", message_id=job.message_id, shard=job.shard, recipients=chosen)

    return process_partial_response(event=event, record_handler=fan_out, processor=processor, context=context)
