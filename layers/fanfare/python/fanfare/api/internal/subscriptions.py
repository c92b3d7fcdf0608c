"""Subscriptions, managed on a user's behalf."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, OnChannel, TopicId, UserId
from fanfare.api.responses import created_or_ok, no_content
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.subscriptions import SubscribeRequest, SubscriptionResultsView, SubscriptionsView, SubscriptionView

router = Router()


@router.post("/v1/topics/<topic_id>/subscriptions", tags=["subscriptions"])
def subscribe_many(topic_id: TopicId, request: SubscribeRequest) -> SubscriptionResultsView:
    """Subscribe up to 500 users at once. The response has a result per item, in order."""
    return SubscriptionResultsView(items=use_cases.subscriptions().subscribe_many(topic_id, request.items))


@router.get("/v1/users/<user_id>/subscriptions", tags=["subscriptions"])
def list_subscriptions(user_id: UserId, limit: Limit = 50, cursor: Cursor = None) -> SubscriptionsView:
    """List a user's subscriptions, by topic and channel."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.subscriptions().page(user_id, after=asked.open(cursor), limit=limit)
    return asked.view(SubscriptionsView, items, position)


@router.put(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>",
    tags=["subscriptions"],
    responses=answers(_200=SubscriptionView, _201=SubscriptionView),
)
def subscribe_user(user_id: UserId, topic_id: TopicId, channel: OnChannel) -> Response[SubscriptionView]:
    """Subscribe a user to a topic on a channel: 201, or 200 if already subscribed."""
    subscription, created = use_cases.subscriptions().subscribe(user_id, topic_id, channel)
    return created_or_ok(created, SubscriptionView.model_validate(subscription))


@router.delete(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>", tags=["subscriptions"], responses=answers(_204=None)
)
def unsubscribe_user(user_id: UserId, topic_id: TopicId, channel: OnChannel) -> Response[None]:
    """Delete a subscription.

    It applies to all messages whose recipients are not chosen yet. A repeat gets the same response.
    """
    use_cases.subscriptions().remove(user_id, topic_id, channel)
    return no_content()
