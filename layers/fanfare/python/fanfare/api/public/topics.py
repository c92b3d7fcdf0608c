"""Public topics."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit
from fanfare.api.public.pages import languages_of
from fanfare.errors import Unauthorized
from fanfare.runtime.settings import settings
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.self_service import PublicTopicsView, PublicTopicView

router = Router()


@router.get("/v1/topics", tags=["topics"])
def list_topics(limit: Limit = 50, cursor: Cursor = None) -> PublicTopicsView:
    """List public topics by id, in the language of `Accept-Language`. Users can subscribe to them."""
    event = router.current_event.raw_event
    if not (settings().public_directory or (event["requestContext"].get("authorizer") or {}).get("jwt")):
        raise Unauthorized("Token is missing. Send one: this deployment has no public directory.")
    asked = ListRequest(router.current_event)
    items, position = use_cases.public_topics().run(after=asked.open(cursor), limit=limit)
    wanted = languages_of(event)
    views = [
        PublicTopicView(
            id=topic.id,
            title=topic.title_in(*wanted),
            description=topic.description_in(*wanted),
            channels=topic.channels,
            required=topic.required,
            category=topic.category,
        )
        for topic in items
    ]
    return asked.view(PublicTopicsView, views, position)
