"""The queues."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.operations import QueuesView

router = Router()


@router.get("/v1/queues", tags=["queues"])
def list_queues() -> QueuesView:
    """List the queues with the numbers of their waiting jobs and dead letters."""
    return QueuesView.model_validate({"items": use_cases.queue_depths().depths()})
