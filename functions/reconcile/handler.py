"""EventBridge Scheduler → reconcile, every minute."""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.runtime import wiring

RESERVE_SECONDS = 10.0  # what it is at, and the queueing of what it took up, fit into what is left then

logger = wiring.logger()
metrics = wiring.metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - the schedule says nothing
    control = wiring.reconcile()
    done = control.run(time_left=lambda: wiring.time_left(context) - RESERVE_SECONDS)
    wiring.flush_events()
    metrics.add_dimension(name="stage", value=wiring.stage())
    metrics.add_metric(name="reconciled", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="oldest_due_seconds", unit=MetricUnit.Seconds, value=control.oldest_due_seconds)
    for kind, count in done.items():
        metrics.add_metric(name=kind, unit=MetricUnit.Count, value=count)
    logger.info("reconciled", done=dict(done))
    if failed := done["reconcile_failed"]:
        # It went on to its end, and its metrics are written; the alarm for functions that fail has to hear of it too.
        raise RuntimeError(f"{failed} of what was due could not be done")
    return dict(done)
