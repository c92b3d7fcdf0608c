"""SQS → deliver: each record is a batch; the records of an event share their reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.domain.jobs import read_job_body
from fanfare.runtime import wiring

if TYPE_CHECKING:  # it comes with asyncio, which no worker of ours runs
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

logger = wiring.logger()
metrics = wiring.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    records, unread = {}, []
    for record in SQSEvent(event).records:
        try:
            records[read_job_body(record.body)] = record
        except (KeyError, ValueError):
            logger.exception("a job that can't be read", sqs_message_id=record.message_id)
            unread.append(record.message_id)
    report = wiring.deliver().run(
        list(records), owner=context.aws_request_id, time_left=lambda: wiring.time_left(context)
    )
    for job, delay in report.again.items():
        wiring.queues().back_off(wiring.channel().name, records[job].receipt_handle, round(delay))
    wiring.flush_events()
    metrics.add_dimension(name="stage", value=wiring.stage())
    metrics.add_metric(name="batches", unit=MetricUnit.Count, value=len(records))
    for outcome, count in report.outcomes.items():
        metrics.add_metric(name=f"deliveries_{outcome}", unit=MetricUnit.Count, value=count)
    logger.info(
        "delivered",
        batches=len(records),
        again=len(report.again),
        unread=len(unread),
        outcomes=dict(report.outcomes),
    )
    failed = [*unread, *(records[job].message_id for job in report.again)]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
