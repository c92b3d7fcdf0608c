"""What a user may choose from, and has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fanfare.channels import CHANNELS
from fanfare.channels.base import AddressRefused
from fanfare.data_classes import dataclass
from fanfare.domain.audience import Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue

TOPICS_LIMIT: Final = 500  # public ones


@dataclass(frozen=True, kw_only=True)
class Known:
    """The topics a user may choose from, and the user's subscriptions by topic and channel."""

    user: User
    topics: Mapping[str, Topic]
    yeses: Mapping[tuple[str, str], Subscription]

    def channels(self, topic: Topic) -> list[str]:
        """Channels that offer the topic, and channels on which the user has it anyway."""
        return [name for name in CHANNELS if name in topic.channels or (topic.id, name) in self.yeses]

    def frequency(self, topic: Topic, channel: str) -> str | None:
        """How often the topic comes on a channel, or would; None if it does not offer a choice."""
        yes = self.yeses.get((topic.id, channel))
        chosen = yes.frequency if yes else None
        return chosen if chosen in topic.frequencies else topic.frequency

    def reaching(self) -> set[str]:
        """The channels that can reach the user."""
        return {name for name in CHANNELS if _reachable(self.user, name)}


def known_of(user: User, audience: Audience, catalogue: Catalogue) -> Known:
    """All public topics, and all topics of the user."""
    yeses = {(each.topic, each.channel): each for each in audience.subscriptions.of_user(user.id)}
    topics = {topic.id: topic for topic in catalogue.topics(after=None, limit=TOPICS_LIMIT, public=True)}
    for name, _ in sorted(yeses):
        topic = topics.get(name) or catalogue.read_topic(name)
        if topic is not None:
            topics[name] = topic
    return Known(user=user, topics=topics, yeses=yeses)


def _reachable(user: User, channel: str) -> bool:
    try:
        user.address(CHANNELS[channel])
    except AddressRefused:
        return False
    return True
