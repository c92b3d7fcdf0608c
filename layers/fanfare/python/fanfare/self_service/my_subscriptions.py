"""The caller's own subscriptions, and the public topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fanfare.channels import Email
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import Answer, By, Subscription
from fanfare.domain.catalogue import Topic
from fanfare.errors import Conflict, NotFound
from fanfare.management.subscriptions import ManageSubscriptions, subscriptions_page
from fanfare.pagination import take
from fanfare.schemas.subscriptions import PutMySubscriptionRequest
from fanfare.self_service.changes import CountChanges
from fanfare.self_service.pages.lists import Offer
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue

OFFERS_LIMIT: Final = 500  # on one page


@dataclass(frozen=True, kw_only=True)
class ListPublicTopics:
    catalogue: Catalogue

    def run(self, *, after: str | None, limit: int) -> tuple[list[Topic], str | None]:
        """A page of public topics, and the id to continue after."""
        found = self.catalogue.topics(after=after, limit=limit + 1, public=True)
        return take(found, limit, lambda topic: topic.id)

    def offers(self, language: str) -> list[Offer]:
        """The public topics by title, as the page of all topics shows them."""
        found = [
            Offer(
                topic=topic.id,
                title=topic.title_in(language),
                description=topic.description_in(language),
                by_mail=Email.name in topic.channels,
            )
            for topic in self.catalogue.topics(after=None, limit=OFFERS_LIMIT, public=True)
        ]
        return sorted(found, key=lambda offer: (offer.title.casefold(), offer.topic))


@dataclass(frozen=True, kw_only=True)
class MySubscriptions:
    audience: Audience
    catalogue: Catalogue
    subscriptions: ManageSubscriptions
    clock: Clock
    count_changes: CountChanges

    def page(
        self, user_id: str, *, state: Answer = Answer.YES, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Subscription], list[str] | None]:
        """A page of the user's yeses or nos, and the (topic, channel) to continue after."""
        return subscriptions_page(self.audience, user_id, state=state, after=after, limit=limit)

    def put(
        self, user_id: str, topic_id: str, channel: str, request: PutMySubscriptionRequest | None = None
    ) -> tuple[Subscription, bool]:
        """The subscription, and whether it is new. A topic that is not public exists only for its subscribers.

        Raises NotFound, TooManyRequests, Invalid if the topic lacks the channel, and Conflict for a no to a required
        topic.
        """
        frequency = None
        if request is not None:
            request.check_path(user_id=user_id, topic=topic_id, channel=channel)
            frequency = request.frequency
        before = self.audience.subscriptions.get(user_id, topic_id, channel)
        topic = self.catalogue.read_topic(topic_id)
        if topic is None or not (topic.public or before is not None):
            raise NotFound("No such topic.", code="topic_not_found")
        if before is not None and frequency in (None, before.frequency) and not _refuses(request):
            return before, False
        yes = Subscription(
            user_id=user_id,
            topic=topic_id,
            channel=channel,
            created_at=to_text(self.clock()),
            by=By.PERSON,
            frequency=frequency,
        )
        if _refuses(request):
            self.unsubscribe(user_id, topic_id, channel)
            return replace(yes, state=Answer.NO), False
        if channel in topic.channels:
            self.count_changes.run(user_id)
            if self.audience.users.get(user_id) is None:
                self.audience.users.change(user_id, dict)
        return self.subscriptions.give(yes)

    def unsubscribe(self, user_id: str, topic_id: str, channel: str) -> None:
        """Store the no of the person. Idempotent. Raises Conflict for a required topic that the user can see.

        What the user can't see and never had needs no no.
        """
        topic = self.catalogue.read_topic(topic_id)
        offered = topic is not None and topic.public and channel in topic.channels
        if not offered and not self._had(user_id, topic_id, channel):
            return
        if topic is not None and topic.required:
            raise Conflict("This topic is required; you can't unsubscribe from it.", code="topic_required")
        self.audience.subscriptions.remove(user_id, topic_id, channel, by=By.PERSON)

    def _had(self, user_id: str, topic_id: str, channel: str) -> bool:
        """Whether the user has a yes, or had one that was taken back."""
        pair = user_id, topic_id, channel
        return self.audience.subscriptions.get(*pair) is not None or self.audience.consents.no_to(*pair) is not None


def _refuses(request: PutMySubscriptionRequest | None) -> bool:
    return request is not None and request.state is Answer.NO
