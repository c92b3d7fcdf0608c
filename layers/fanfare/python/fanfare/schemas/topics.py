"""Topics in the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
)

from fanfare.schemas.scalars import At, Channels, Locale, Moment, Name, Request, View

DAY: Final = 86_400
Title = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=2_000)]


class Limit(Request):
    """The rate limit of the topic per user: at most `count` messages in any `per_seconds`."""

    count: Annotated[StrictInt, Field(ge=1, le=1_000)] = Field(
        description="Maximum number of messages in `per_seconds`."
    )
    per_seconds: Annotated[StrictInt, Field(ge=1, le=31 * DAY)] = Field(
        description="Length of the sliding window in seconds."
    )
    overflow: Literal["drop", "defer"] = Field(
        description="What to do with more messages: `drop` (skipped) or `defer` (sent later)."
    )


class PutTopicRequest(Request):
    """A topic. It takes what a GET answers; `id` must be that of the path, times are not stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Order shipped",
                    "channels": ["email"],
                    "category": "orders",
                    "limit": {"count": 5, "per_seconds": DAY, "overflow": "drop"},
                    "public": True,
                }
            ]
        }
    )

    title: Title = Field(description="The name that users see.")
    description: Description | None = Field(None, description="The description that users see.")
    titles: Annotated[dict[Locale, Title], Field(max_length=100)] | None = Field(
        None, description="Language → title, for users who read it. Others see `title`."
    )
    descriptions: Annotated[dict[Locale, Description], Field(max_length=100)] | None = Field(
        None, description="Language → description, for users who read it. Others see `description`."
    )
    channels: Channels = Field(description="Channels on which users can subscribe.")
    required: StrictBool | None = Field(None, description="Users can't unsubscribe from it. Default: false.")
    category: str | None = Field(
        None, min_length=1, max_length=100, description="Pages group topics by category. Default: `general`."
    )
    limit: Limit | None = Field(None, description="Rate limit per user. Default: no limit.")
    public: StrictBool | None = Field(None, description="Users can see it and subscribe themselves. Default: false.")
    id: Name | None = Field(None, description="The topic's id, as in the path.")
    created_at: Moment | None = Field(None, description="When it was created; not changed.")
    updated_at: Moment | None = Field(None, description="When it was last changed; not stored.")
    sms_smart: StrictBool | None = Field(
        None,
        description="In text messages, replace typographic characters, which more than double the number of segments, "
        "by plain ones. Default: false.",
    )
    shards: Annotated[StrictInt, Field(ge=1, le=64)] | None = Field(
        None,
        description="Number of partitions for its subscriptions: about one per 100,000 subscribers. "
        "It can't change once the topic is created. Default: 1.",
    )


class LimitView(View):
    """The rate limit of the topic per user: at most `count` messages in any `per_seconds`."""

    count: int
    per_seconds: int
    overflow: Literal["drop", "defer"]


class TopicView(View):
    """A topic."""

    id: str
    title: str
    description: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    channels: Sequence[str]
    required: bool
    category: str
    limit: LimitView | None
    public: bool
    sms_smart: bool
    shards: int
    created_at: At
    updated_at: At


class TopicsView(View):
    """Topics, by id."""

    items: Sequence[TopicView]
    next_cursor: str | None
