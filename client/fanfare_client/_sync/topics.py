# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from ..calls import Call, given, path
from ..types import Answer, Channel, Count, Subscriber, Topic, TopicBody
from .items import Items
from .transport import Transport


class Topics:
    """Topics that messages are sent to."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, topic_id: str, **topic: Unpack[TopicBody]) -> Topic:
        """Create or replace the topic. The number of shards can't change."""
        stored: Topic = self._transport.json(Call("PUT", path("topics", topic_id), body=given(**topic)))
        return stored

    def get(self, topic_id: str) -> Topic:
        topic: Topic = self._transport.json(Call("GET", path("topics", topic_id)))
        return topic

    def list(self, *, page_size: int = 100, cursor: str | None = None) -> Items[Topic]:
        """All topics, ordered by id."""
        return Items(self._transport, path("topics"), {"limit": page_size, "cursor": cursor})

    def delete(self, topic_id: str) -> None:
        """Delete the topic: new messages to it are rejected. Idempotent."""
        self._transport.json(Call("DELETE", path("topics", topic_id)))

    def subscribers(
        self,
        topic_id: str,
        *,
        channel: Channel | None = None,
        state: Answer | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Items[Subscriber]:
        """The subscribers of the topic, then those who unsubscribed."""
        query = {"channel": channel, "state": state, "limit": page_size, "cursor": cursor}
        return Items(self._transport, path("topics", topic_id, "subscriptions"), query)

    def counts(self, topic_id: str) -> Mapping[str, Count]:
        """Channel → number of subscribers, reachable or not."""
        counts: Mapping[str, Count] = self._transport.json(Call("GET", path("topics", topic_id, "counts")))
        return counts
