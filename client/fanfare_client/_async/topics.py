from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from ..calls import Call, given, path
from ..types import Answer, Channel, Count, Subscriber, Topic, TopicBody
from .items import AsyncItems
from .transport import AsyncTransport


class AsyncTopics:
    """Topics that messages are sent to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def put(self, topic_id: str, **topic: Unpack[TopicBody]) -> Topic:
        """Create or replace the topic. The number of shards can't change."""
        stored: Topic = await self._transport.json(Call("PUT", path("topics", topic_id), body=given(**topic)))
        return stored

    async def get(self, topic_id: str) -> Topic:
        topic: Topic = await self._transport.json(Call("GET", path("topics", topic_id)))
        return topic

    def list(self, *, page_size: int = 100, cursor: str | None = None) -> AsyncItems[Topic]:
        """All topics, ordered by id."""
        return AsyncItems(self._transport, path("topics"), {"limit": page_size, "cursor": cursor})

    async def delete(self, topic_id: str) -> None:
        """Delete the topic: new messages to it are rejected. Idempotent."""
        await self._transport.json(Call("DELETE", path("topics", topic_id)))

    def subscribers(
        self,
        topic_id: str,
        *,
        channel: Channel | None = None,
        state: Answer | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> AsyncItems[Subscriber]:
        """The subscribers of the topic, then those who unsubscribed."""
        query = {"channel": channel, "state": state, "limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("topics", topic_id, "subscriptions"), query)

    async def counts(self, topic_id: str) -> Mapping[str, Count]:
        """Channel → number of subscribers, reachable or not."""
        counts: Mapping[str, Count] = await self._transport.json(Call("GET", path("topics", topic_id, "counts")))
        return counts
