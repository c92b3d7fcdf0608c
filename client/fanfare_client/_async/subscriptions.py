from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..calls import Call, path, subscription_chunks
from ..types import Answer, Channel, Consent, Subscription, SubscriptionBody, SubscriptionItem, SubscriptionResult
from .items import AsyncItems
from .transport import AsyncTransport


class AsyncSubscriptions:
    """Subscriptions of users to topics, per channel."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def put(
        self, user_id: str, topic_id: str, channel: Channel, known: SubscriptionBody | None = None
    ) -> Subscription:
        """Subscribe the user to the topic on the channel. `known` may be a subscription as read.

        Raises Conflict with the code `unsubscribed_by_person` if the user unsubscribed.
        """
        call = Call("PUT", path("users", user_id, "subscriptions", topic_id, channel), body=known or {})
        subscription: Subscription = await self._transport.json(call)
        return subscription

    async def resubscribe(self, user_id: str, topic_id: str, channel: Channel, evidence: str = "") -> Subscription:
        """Subscribe a user who unsubscribed, with new evidence of the consent, at most 200 characters.

        Raises Conflict with the code `too_soon` for 30 days after one click or a STOP.
        """
        target = path("users", user_id, "subscriptions", topic_id, channel, "resubscription")
        subscription: Subscription = await self._transport.json(Call("PUT", target, body={"evidence": evidence}))
        return subscription

    async def put_many(self, topic_id: str, items: Iterable[SubscriptionItem]) -> Sequence[SubscriptionResult]:
        """Subscribe many users, in several requests if necessary. Returns a result per item, in order."""
        results: Sequence[SubscriptionResult] = []
        for chunk in subscription_chunks(items):
            call = Call("POST", path("topics", topic_id, "subscriptions"), body={"items": chunk})
            results = [*results, *(await self._transport.json(call))["items"]]
        return results

    async def delete(self, user_id: str, topic_id: str, channel: Channel) -> None:
        """Remove the subscription. Idempotent."""
        await self._transport.json(Call("DELETE", path("users", user_id, "subscriptions", topic_id, channel)))

    def list(
        self, user_id: str, *, state: Answer | None = None, page_size: int = 100, cursor: str | None = None
    ) -> AsyncItems[Subscription]:
        """The user's subscriptions, by topic and channel, or what the user unsubscribed from."""
        query = {"state": state, "limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("users", user_id, "subscriptions"), query)

    def consents(self, user_id: str, *, page_size: int = 100, cursor: str | None = None) -> AsyncItems[Consent]:
        """All changes of the user's subscriptions, newest first."""
        query = {"limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("users", user_id, "consents"), query)
