"""SQS → record_receipt: each record is an event of a provider, without addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import observability, records
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases import workers as use_cases

if TYPE_CHECKING:  # its module imports asyncio, which our workers do not use
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

opened.at_start(use_cases.record_receipts)
logger = observability.logger()
metrics = observability.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:  # noqa: ARG001
    receipts, unread = records.read_receipts(event, logger)
    kinds = use_cases.record_receipts().run(receipts)
    recorded = {f"receipts_{kind}": count for kind, count in kinds.items()}
    observability.count(metrics, {"receipts_unread": len(unread), **recorded})
    logger.info("receipts recorded", kinds=dict(kinds), unread=len(unread))
    return records.to_come_again(unread)
