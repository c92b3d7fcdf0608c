"""Topics, subscriptions to them, and rate limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

from .common import Channel, ItemError


class Limit(TypedDict):
    """Rate limit per user: messages of the topic in a sliding window."""

    count: int
    per_seconds: int
    overflow: Literal["drop", "defer"]


class TopicBody(TypedDict):
    """A topic."""

    title: str
    description: NotRequired[str | None]
    channels: Sequence[Channel]
    required: NotRequired[bool | None]
    category: NotRequired[str | None]
    limit: NotRequired[Limit | None]
    public: NotRequired[bool | None]
    shards: NotRequired[int | None]


class Topic(TypedDict):
    """A topic."""

    id: str
    title: str
    description: str
    channels: Sequence[str]
    required: bool
    category: str
    limit: Limit | None
    public: bool
    shards: int
    created_at: str
    updated_at: str


class SubscriptionItem(TypedDict):
    """A user's subscription on a channel."""

    user_id: str
    channel: Channel


class Subscription(TypedDict):
    """A user's subscription to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: str


class SubscriptionResult(TypedDict):
    """The result of one item: 201 subscribed, 200 was already subscribed, 404 unknown user, 422 rejected."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemError | None
