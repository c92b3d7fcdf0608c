"""EventBridge Scheduler → reconcile, every minute."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import clients, observability
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases.reconcile import reconcile

RESERVE_SECONDS = 10.0  # what it is at, and the queueing of what it took up, fit into what is left then

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
        # It went on to its end, and its metrics are written; the alarm for functions that fail has to hear of it too.
        raise RuntimeError(f"{failed} of what was due could not be done")
    return dict(done)
