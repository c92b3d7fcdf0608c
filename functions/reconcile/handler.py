"""EventBridge Scheduler → reconcile, every minute."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import clients, observability
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases.reconcile import reconcile

RESERVE_SECONDS = 10.0  # enough for the current work and its queueing

opened.at_start(reconcile)
logger = observability.logger()
metrics = observability.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - the schedule says nothing
    run = reconcile().run(time_left=lambda: observability.time_left(context) - RESERVE_SECONDS)
    done = run.done
    clients.flush_events()
    observability.count(metrics, {"reconciled": 1, **done})
    observability.measure_seconds(metrics, "oldest_due_seconds", run.oldest_due_seconds)
    logger.info("reconciled", done=dict(done))
    if failed := done["reconcile_failed"]:
        # The run is complete and its metrics are written. The error makes the alarm for failed functions fire.
        raise RuntimeError(f"{failed} due items could not be handled; see the log.")
    return dict(done)
