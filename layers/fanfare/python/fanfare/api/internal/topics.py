"""Topics."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, TopicId
from fanfare.api.responses import created_or_ok, no_content
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.topics import PutTopicRequest, TopicsView, TopicView

router = Router()


@router.put("/v1/topics/<topic_id>", tags=["topics"], responses=answers(409, _200=TopicView, _201=TopicView))
def put_topic(topic_id: TopicId, request: PutTopicRequest) -> Response[TopicView]:
    """Create a topic (201) or replace it (200). `shards` can't change."""
    topic, created = use_cases.topics().put(topic_id, request)
    return created_or_ok(created, TopicView.model_validate(topic))


@router.get("/v1/topics", tags=["topics"])
def list_topics(limit: Limit = 50, cursor: Cursor = None) -> TopicsView:
    """List topics by id."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.topics().page(after=asked.open(cursor), limit=limit)
    return asked.view(TopicsView, items, position)


@router.get("/v1/topics/<topic_id>", tags=["topics"])
def get_topic(topic_id: TopicId) -> TopicView:
    """Read a topic."""
    return TopicView.model_validate(use_cases.topics().get(topic_id))


@router.delete("/v1/topics/<topic_id>", tags=["topics"], responses=answers(_204=None))
def delete_topic(topic_id: TopicId) -> Response[None]:
    """Delete a topic: no new message can be posted to it. A repeat gets the same response."""
    use_cases.topics().delete(topic_id)
    return no_content()
