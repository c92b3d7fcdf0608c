# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from typing import Unpack

from ..calls import Call, given, path
from ..types import Topic, TopicBody
from .items import Items
from .transport import Transport


class Topics:
    """What messages are about."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, topic_id: str, **topic: Unpack[TopicBody]) -> Topic:
        """Create the topic or replace it. Its shards can't change."""
        stored: Topic = self._transport.json(Call("PUT", path("topics", topic_id), body=given(**topic)))
        return stored

    def get(self, topic_id: str) -> Topic:
        topic: Topic = self._transport.json(Call("GET", path("topics", topic_id)))
        return topic

    def list(self, *, page_size: int = 100, cursor: str | None = None) -> Items[Topic]:
        """The topics, by id."""
        return Items(self._transport, path("topics"), {"limit": page_size, "cursor": cursor})

    def delete(self, topic_id: str) -> None:
        """No new message can be posted to it. Repeated, the same."""
        self._transport.json(Call("DELETE", path("topics", topic_id)))
