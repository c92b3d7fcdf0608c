# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..calls import Call, path, subscription_chunks
from ..types import Answer, Channel, Consent, Subscription, SubscriptionBody, SubscriptionItem, SubscriptionResult
from .items import Items
from .transport import Transport


class Subscriptions:
    """Subscriptions of users to topics, per channel."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self, user_id: str, topic_id: str, channel: Channel, known: SubscriptionBody | None = None
    ) -> Subscription:
        """Subscribe the user to the topic on the channel. `known` may be a subscription as read.

        Raises Conflict with the code `unsubscribed_by_person` if the user unsubscribed.
        """
        call = Call("PUT", path("users", user_id, "subscriptions", topic_id, channel), body=known or {})
        subscription: Subscription = self._transport.json(call)
        return subscription

    def resubscribe(self, user_id: str, topic_id: str, channel: Channel, evidence: str = "") -> Subscription:
        """Subscribe a user who unsubscribed, with new evidence of the consent, at most 200 characters.

        Raises Conflict with the code `too_soon` for 30 days after one click or a STOP.
        """
        target = path("users", user_id, "subscriptions", topic_id, channel, "resubscription")
        subscription: Subscription = self._transport.json(Call("PUT", target, body={"evidence": evidence}))
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

    def list(
        self, user_id: str, *, state: Answer | None = None, page_size: int = 100, cursor: str | None = None
    ) -> Items[Subscription]:
        """The user's subscriptions, by topic and channel, or what the user unsubscribed from."""
        query = {"state": state, "limit": page_size, "cursor": cursor}
        return Items(self._transport, path("users", user_id, "subscriptions"), query)

    def consents(self, user_id: str, *, page_size: int = 100, cursor: str | None = None) -> Items[Consent]:
        """All changes of the user's subscriptions, newest first."""
        query = {"limit": page_size, "cursor": cursor}
        return Items(self._transport, path("users", user_id, "consents"), query)
