"""SQS → deliver: each record is a batch; the records of an event share reads."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import clients, observability, records
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases.deliver import back_off, deliver

opened.at_start(deliver)
opened.at_start(clients.event_bus)  # every invocation publishes
logger = observability.logger()
metrics = observability.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> records.BatchResponse:
    jobs, unread = records.read_jobs(event, logger)
    done = deliver().run(list(jobs), owner=context.aws_request_id, time_left=lambda: observability.time_left(context))
    back_off(jobs, done.again)
    clients.flush_events()
    outcomes = {f"deliveries_{outcome}": count for outcome, count in done.outcomes.items()}
    observability.count(metrics, {"batches": len(jobs), **outcomes})
    logger.info("delivered", batches=len(jobs), again=len(done.again), unread=len(unread), outcomes=dict(done.outcomes))
    return records.to_come_again([*unread, *(jobs[job]["messageId"] for job in done.again)])
