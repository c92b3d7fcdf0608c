"""Unsubscribe by a link (RFC 8058): without an account, from one topic on one channel. Idempotent."""

from __future__ import annotations

from dataclasses import dataclass

from fanfare.domain.audience import By
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class Link:
    """Data of a link for its page. `title` is the topic's id if the topic no longer exists."""

    user_id: str
    topic: str
    title: str
    channel: str
    subscribed: bool


@dataclass(frozen=True, kw_only=True)
class Unsubscribe:
    audience: Audience
    catalogue: Catalogue
    links: Links

    def look(self, token: str) -> Link:
        """Data of the link. Changes nothing. Raises NotFound."""
        user_id, topic_id, channel = self.links.open_unsubscribe(token)
        topic = self.catalogue.topic(topic_id)
        return Link(
            user_id=user_id,
            topic=topic_id,
            title=topic.title if topic else topic_id,
            channel=channel,
            subscribed=self.audience.subscriptions.get(user_id, topic_id, channel) is not None,
        )

    def run(self, token: str) -> Link:
        """Unsubscribe, even if the user or topic no longer exists. Idempotent. Raises NotFound."""
        link = self.look(token)
        self.audience.subscriptions.remove(link.user_id, link.topic, link.channel, by=By.ONE_CLICK)
        return link
