"""Public topics."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.self_service import PublicTopicsView

router = Router()


@router.get("/v1/topics", tags=["topics"])
def list_topics(limit: Limit = 50, cursor: Cursor = None) -> PublicTopicsView:
    """List public topics by id. Users can subscribe to them."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.public_topics().run(after=asked.open(cursor), limit=limit)
    return asked.view(PublicTopicsView, items, position)
