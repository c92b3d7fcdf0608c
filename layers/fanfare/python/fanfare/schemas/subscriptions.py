"""Subscriptions in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import (
    ConfigDict,
    Field,
    WithJsonSchema,
)

from fanfare.schemas.errors import ItemErrorView
from fanfare.schemas.scalars import At, ChannelName, Name, Request, View

SUBSCRIPTIONS_LIMIT: Final = 500


class SubscriptionItem(Request):
    """A user and a channel to subscribe."""

    user_id: Name = Field(description="The user's id.")
    channel: ChannelName = Field(description="The channel.")


class SubscribeRequest(Request):
    """Many subscriptions to one topic. Each is stored or rejected separately."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"user_id": "user-1", "channel": "email"}]}]})

    items: Annotated[
        tuple[Any, ...],
        Field(min_length=1, max_length=SUBSCRIPTIONS_LIMIT),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": SUBSCRIPTIONS_LIMIT,
                "items": {"$ref": "#/components/schemas/SubscriptionItem"},
            }
        ),
    ] = Field(description="The subscriptions.")


class SubscriptionView(View):
    """A user's subscription to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: At


class SubscriptionResultView(View):
    """The result of one item: 201 subscribed, 200 already subscribed, 404 unknown user, 422 invalid."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemErrorView | None


class SubscriptionResultsView(View):
    """A result per item, in the order of the items."""

    items: Sequence[SubscriptionResultView]


class SubscriptionsView(View):
    """A user's subscriptions, by topic and channel."""

    items: Sequence[SubscriptionView]
    next_cursor: str | None
