"""SQS → record_receipt: each record is an event of a provider's, without addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.pipeline.record_receipts import read
from fanfare.runtime import wiring

if TYPE_CHECKING:  # it comes with asyncio, which no worker of ours runs
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

logger = wiring.logger()
metrics = wiring.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:  # noqa: ARG001
    reports, unread = [], []
    for record in SQSEvent(event).records:
        try:
            reports.append(read(json.loads(record.body)))
        except (KeyError, TypeError, ValueError):
            logger.exception("an event that can't be read", message_id=record.message_id)
            unread.append(record.message_id)
    kinds = wiring.record_receipts([report for report in reports if report is not None])
    metrics.add_dimension(name="stage", value=wiring.stage())
    metrics.add_metric(name="receipts_unread", unit=MetricUnit.Count, value=len(unread))
    for kind, count in kinds.items():
        metrics.add_metric(name=f"receipts_{kind}", unit=MetricUnit.Count, value=count)
    logger.info("receipts recorded", kinds=dict(kinds), unread=len(unread))
    return {"batchItemFailures": [{"itemIdentifier": each} for each in unread]}
