# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..calls import Call, path, subscription_chunks
from ..types import Channel, Subscription, SubscriptionItem, SubscriptionResult
from .items import Items
from .transport import Transport


class Subscriptions:
    """Subscriptions of users to topics, per channel."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, user_id: str, topic_id: str, channel: Channel) -> Subscription:
        """Subscribe the user to the topic on the channel."""
        subscription: Subscription = self._transport.json(
            Call("PUT", path("users", user_id, "subscriptions", topic_id, channel))
        )
        return subscription

    def put_many(self, topic_id: str, items: Iterable[SubscriptionItem]) -> Sequence[SubscriptionResult]:
        """Subscribe many users, in several requests if necessary. Returns a result per item, in order."""
        results: Sequence[SubscriptionResult] = []
        for chunk in subscription_chunks(items):
            call = Call("POST", path("topics", topic_id, "subscriptions"), body={"items": chunk})
            results = [*results, *(self._transport.json(call))["items"]]
        return results

    def delete(self, user_id: str, topic_id: str, channel: Channel) -> None:
        """Remove the subscription. Idempotent."""
        self._transport.json(Call("DELETE", path("users", user_id, "subscriptions", topic_id, channel)))

    def list(self, user_id: str, *, page_size: int = 100, cursor: str | None = None) -> Items[Subscription]:
        """The user's subscriptions, by topic and channel."""
        query = {"limit": page_size, "cursor": cursor}
        return Items(self._transport, path("users", user_id, "subscriptions"), query)
