"""The caller's own subscriptions, and the public topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fanfare.domain.audience import Subscription
from fanfare.domain.catalogue import Topic
from fanfare.errors import Conflict, NotFound
from fanfare.management.subscriptions import ManageSubscriptions
from fanfare.pagination import take
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class ListPublicTopics:
    catalogue: Catalogue

    def run(self, *, after: str | None, limit: int) -> tuple[list[Topic], str | None]:
        """A page of public topics, and the id to continue after."""
        found = self.catalogue.topics(after=after, limit=limit + 1, public=True)
        return take(found, limit, lambda topic: topic.id)


@dataclass(frozen=True, kw_only=True)
class MySubscriptions:
    audience: Audience
    catalogue: Catalogue
    subscriptions: ManageSubscriptions

    def page(
        self, user_id: str, *, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Subscription], list[str] | None]:
        """A page of the user's subscriptions, and the (topic, channel) to continue after."""
        position = (after[0], after[1]) if after else None
        found = self.audience.subscriptions.of_user(user_id, after=position)
        return take(found, limit, lambda last: [last.topic, last.channel])

    def subscribe(self, user_id: str, topic_id: str, channel: str) -> tuple[Subscription, bool]:
        """The subscription, and whether it is new. A topic that is not public exists only for its subscribers.

        Raises NotFound, and Invalid if the topic lacks the channel.
        """
        before = self.audience.subscriptions.get(user_id, topic_id, channel)
        if before is not None:
            return before, False
        topic = self.catalogue.read_topic(topic_id)
        if topic is None or not topic.public:
            raise NotFound("No such topic.", code="topic_not_found")
        if channel in topic.channels and self.audience.users.get(user_id) is None:
            self.audience.users.change(user_id, dict)
        return self.subscriptions.subscribe(user_id, topic_id, channel)

    def unsubscribe(self, user_id: str, topic_id: str, channel: str) -> None:
        """Delete the subscription. Idempotent. Raises Conflict for a required topic that the user can see."""
        topic = self.catalogue.read_topic(topic_id)
        if topic is not None and topic.required:
            if topic.public or self.audience.subscriptions.get(user_id, topic_id, channel) is not None:
                raise Conflict("This topic is required; you can't unsubscribe from it.", code="topic_required")
            return
        self.audience.subscriptions.remove(user_id, topic_id, channel)
