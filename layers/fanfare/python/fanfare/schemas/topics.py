"""Topics in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
)

from fanfare.schemas.scalars import At, Channels, Request, View

DAY: Final = 86_400


class Limit(Request):
    """How many messages of the topic a user gets in a sliding time."""

    count: Annotated[StrictInt, Field(ge=1, le=1_000)] = Field(description="So many at most")
    per_seconds: Annotated[StrictInt, Field(ge=1, le=31 * DAY)] = Field(description="in so many seconds.")
    overflow: Literal["drop", "defer"] = Field(description="What becomes of more: skipped, or sent later.")


class PutTopicRequest(Request):
    """A topic."""

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

    title: str = Field(min_length=1, max_length=200, description="What people read.")
    description: str | None = Field(None, max_length=2_000, description="What it is about.")
    channels: Channels = Field(description="The ways in which it can be subscribed to.")
    required: StrictBool | None = Field(None, description="Users can't unsubscribe from it. False if left out.")
    category: str | None = Field(
        None, min_length=1, max_length=100, description="Topics of one category stand together. `general` if left out."
    )
    limit: Limit | None = Field(None, description="Per user; none if left out.")
    public: StrictBool | None = Field(None, description="Shown to people, who may subscribe. False if left out.")
    shards: Annotated[StrictInt, Field(ge=1, le=64)] | None = Field(
        None,
        description="Over how many partitions its subscriptions are spread: one for each 100,000 subscribers or so. "
        "Fixed once created; 1 if left out.",
    )


class LimitView(View):
    """How many messages of the topic a user gets in a sliding time."""

    count: int
    per_seconds: int
    overflow: Literal["drop", "defer"]


class TopicView(View):
    """A topic."""

    id: str
    title: str
    description: str
    channels: Sequence[str]
    required: bool
    category: str
    limit: LimitView | None
    public: bool
    shards: int
    created_at: At
    updated_at: At


class TopicsView(View):
    """Topics, by id."""

    items: Sequence[TopicView]
    next_cursor: str | None
