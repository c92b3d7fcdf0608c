"""SQS → record_receipt: each record is an event of a provider's, without addresses."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import observability, records
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases.record_receipts import read_receipts, record_receipts

opened.at_start(record_receipts)
logger = observability.logger()
metrics = observability.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> records.BatchResponse:  # noqa: ARG001
    receipts, unread = read_receipts(event, logger)
    kinds = record_receipts().run(receipts)
    recorded = {f"receipts_{kind}": count for kind, count in kinds.items()}
    observability.count(metrics, {"receipts_unread": len(unread), **recorded})
    logger.info("receipts recorded", kinds=dict(kinds), unread=len(unread))
    return records.to_come_again(unread)
