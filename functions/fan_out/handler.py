"""SQS → fan_out: each record is one shard of one message."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import clients, observability, records
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases.fan_out import fan_out

TURN_SECONDS = 30.0  # then a job is queued again behind those of other messages, so a huge message does not block them
RESERVE_SECONDS = 20.0  # enough for a page, its queueing and the new job

opened.at_start(fan_out)
logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> records.BatchResponse:
    jobs, again = records.read_fan_out_jobs(event, logger)
    for job, record in jobs:
        try:
            chosen = fan_out().run(job, time_left=_turn(context))
        except Exception:  # the others of the event go on
            logger.exception("fan-out broke off; the queue brings the job again", message_id=job.message_id)
            again.append(record["messageId"])
        else:
            logger.info("fanned out", message_id=job.message_id, shard=job.shard, recipients=chosen)
    clients.flush_events()
    return records.to_come_again(again)


def _turn(context: LambdaContext) -> Callable[[], float]:
    """Seconds that are left of a turn that begins now."""
    end = time.monotonic() + TURN_SECONDS
    return lambda: min(observability.time_left(context) - RESERVE_SECONDS, end - time.monotonic())
