"""Subscriptions, managed on a user's behalf."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, InState, Limit, OnChannel, TopicId, UserId, WrittenUserId
from fanfare.api.responses import created_or_ok, no_content
from fanfare.domain.audience import Answer
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.scalars import ChannelName
from fanfare.schemas.subscriptions import (
    ConsentsView,
    CountView,
    PutSubscriptionRequest,
    ResubscriptionRequest,
    SubscribeRequest,
    SubscribersView,
    SubscriptionResultsView,
    SubscriptionsView,
    SubscriptionView,
)

router = Router()


@router.post("/v1/topics/<topic_id>/subscriptions", tags=["subscriptions"])
def subscribe_many(topic_id: TopicId, request: SubscribeRequest) -> SubscriptionResultsView:
    """Subscribe or, with `"state": "unsubscribed"`, unsubscribe up to 500 users at once.

    The response has a result per item, in order. A user who unsubscribed is not subscribed again: the item's status is
    409 with the code `unsubscribed_by_person`.
    """
    return SubscriptionResultsView(items=use_cases.subscriptions().put_many(topic_id, request.items))


@router.get("/v1/topics/<topic_id>/subscriptions", tags=["subscriptions"])
def list_subscribers(
    topic_id: TopicId,
    channel: Annotated[ChannelName | None, Query(description="Only this channel.")] = None,
    state: Annotated[Answer | None, Query(description="Only subscriptions in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SubscribersView:
    """List the subscribers of a topic, then those who unsubscribed from it."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.subscribers().page(
        topic_id, channel=channel, state=state, after=asked.open(cursor), limit=limit
    )
    return asked.view(SubscribersView, items, position)


@router.get("/v1/topics/<topic_id>/counts", tags=["subscriptions"])
def count_subscribers(topic_id: TopicId) -> dict[str, CountView]:
    """Count the subscribers of a topic by channel, reachable or not. Above 100,000 a count is not exact."""
    counts = use_cases.subscribers().counts(topic_id)
    return {channel: CountView.model_validate(count) for channel, count in counts.items()}


@router.get("/v1/users/<user_id>/subscriptions", tags=["subscriptions"])
def list_subscriptions(
    user_id: UserId, state: InState = Answer.YES, limit: Limit = 50, cursor: Cursor = None
) -> SubscriptionsView:
    """List a user's subscriptions, by topic and channel; with `state=unsubscribed`, the standing refusals."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.subscriptions().page(user_id, state=state, after=asked.open(cursor), limit=limit)
    return asked.view(SubscriptionsView, items, position)


@router.put(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>",
    tags=["subscriptions"],
    responses=answers(409, _200=SubscriptionView, _201=SubscriptionView),
)
def subscribe_user(
    user_id: WrittenUserId, topic_id: TopicId, channel: OnChannel, request: PutSubscriptionRequest | None = None
) -> Response[SubscriptionView]:
    """Subscribe a user to a topic on a channel: 201, or 200 if already subscribed. The body is optional.

    A user who unsubscribed is rejected with the code `unsubscribed_by_person`.
    """
    subscription, created = use_cases.subscriptions().put(user_id, topic_id, channel, request)
    return created_or_ok(created, SubscriptionView.model_validate(subscription))


@router.put(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>/resubscription",
    tags=["subscriptions"],
    responses=answers(409, _200=SubscriptionView, _201=SubscriptionView),
)
def resubscribe_user(
    user_id: WrittenUserId, topic_id: TopicId, channel: OnChannel, request: ResubscriptionRequest
) -> Response[SubscriptionView]:
    """Subscribe a user who unsubscribed, with new evidence of the consent: 201, or 200 if already subscribed.

    For 30 days after one click or a STOP it is rejected with the code `too_soon`. IAM can deny this route.
    """
    subscription, created = use_cases.subscriptions().resubscribe(user_id, topic_id, channel, request.evidence)
    return created_or_ok(created, SubscriptionView.model_validate(subscription))


@router.delete(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>", tags=["subscriptions"], responses=answers(_204=None)
)
def unsubscribe_user(user_id: WrittenUserId, topic_id: TopicId, channel: OnChannel) -> Response[None]:
    """Delete a subscription. A service may subscribe the user again.

    It applies to all messages whose recipients are not chosen yet. A repeat gets the same response.
    """
    use_cases.subscriptions().remove(user_id, topic_id, channel)
    return no_content()


@router.get("/v1/users/<user_id>/consents", tags=["subscriptions"])
def list_consents(user_id: UserId, limit: Limit = 50, cursor: Cursor = None) -> ConsentsView:
    """List all changes of a user's subscriptions, newest first."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.consents().of_known(user_id, after=asked.open(cursor), limit=limit)
    return asked.view(ConsentsView, items, position)
