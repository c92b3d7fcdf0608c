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
    """A user's yes on a channel."""

    user_id: Name = Field(description="Who.")
    channel: ChannelName = Field(description="On which channel.")


class SubscribeRequest(Request):
    """Many subscriptions to one topic. Each is taken or refused by itself."""

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
    """A user's yes to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: At


class SubscriptionResultView(View):
    """What became of one item: 201 subscribed, 200 was subscribed already, 404 unknown user, 422 refused."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemErrorView | None


class SubscriptionResultsView(View):
    """A result for each item, in the order of the items."""

    items: Sequence[SubscriptionResultView]


class SubscriptionsView(View):
    """A user's subscriptions, by topic and channel."""

    items: Sequence[SubscriptionView]
    next_cursor: str | None
