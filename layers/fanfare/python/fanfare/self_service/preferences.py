"""The preference page: every public topic and every topic of the user, by channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fanfare.channels import CHANNELS
from fanfare.channels.base import AddressRefused
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import By, Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import NotFound
from fanfare.self_service.changes import CountChanges
from fanfare.self_service.pages import Choice, Way
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue

TOPICS_LIMIT: Final = 500  # on one page
SEPARATOR: Final = "/"  # not allowed in ids


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """The topics a user may choose from, and the user's subscriptions."""

    user: User
    topics: Mapping[str, Topic]
    subscribed: frozenset[tuple[str, str]]  # topic, channel

    def choices(self) -> list[Choice]:
        """Topics with channels, as the page shows them."""
        return [
            Choice(
                topic=topic.id,
                title=topic.title,
                description=topic.description,
                category=topic.category,
                required=topic.required,
                ways=tuple(
                    Way(
                        channel=channel,
                        subscribed=(topic.id, channel) in self.subscribed,
                        reachable=_reachable(self.user, channel),
                    )
                    for channel in self.channels(topic)
                ),
            )
            for topic in self.topics.values()
        ]

    def channels(self, topic: Topic) -> list[str]:
        """Channels that offer the topic, and channels on which the user has it anyway."""
        return [name for name in CHANNELS if name in topic.channels or (topic.id, name) in self.subscribed]


@dataclass(frozen=True, kw_only=True)
class ChoosePreferences:
    audience: Audience
    catalogue: Catalogue
    links: Links
    clock: Clock
    count_changes: CountChanges

    def show(self, token: str) -> Preferences:
        """Topics and subscriptions of the link's user. Changes nothing. Raises NotFound."""
        user = self.audience.users.get(self.links.open_preferences(token))
        if user is None:
            raise NotFound("This link is no longer valid: the user does not exist.", code="link_invalid")
        subscribed = frozenset((each.topic, each.channel) for each in self.audience.subscriptions.of_user(user.id))
        topics = {topic.id: topic for topic in self.catalogue.topics(after=None, limit=TOPICS_LIMIT, public=True)}
        for name, _ in sorted(subscribed):
            topic = topics.get(name) or self.catalogue.read_topic(name)
            if topic is not None:
                topics[name] = topic
        return Preferences(user=user, topics=topics, subscribed=subscribed)

    def change(self, token: str, *, shown: Iterable[str], yes: Iterable[str], nothing: bool) -> Preferences:
        """Store the choices of the form. Topics that the page did not show stay unchanged.

        What the form takes away is stored first. Raises NotFound, and TooManyRequests if the rest is too much.
        """
        before = self.show(token)
        user, wanted = before.user, set(yes)
        given = []
        for topic, channel in _offered(before, shown):
            has, wants = (topic.id, channel) in before.subscribed, f"{topic.id}{SEPARATOR}{channel}" in wanted
            if wants and not has:
                given.append((topic, channel))
            elif has and not wants:
                self.audience.subscriptions.remove(user.id, topic.id, channel, by=By.PAGE)
        if nothing and not user.opted_out:
            self.audience.users.opt_out(user.id, True)
        back = user.opted_out and not nothing
        self.count_changes.run(user.id, len(given) + back)
        for topic, channel in given:
            now = to_text(self.clock())
            new = Subscription(user_id=user.id, topic=topic.id, channel=channel, created_at=now, by=By.PAGE)
            self.audience.subscriptions.add(new, shards=topic.shards)
        if back:
            self.audience.users.opt_out(user.id, False)
        return self.show(token)


def _offered(known: Preferences, shown: Iterable[str]) -> Sequence[tuple[Topic, str]]:
    """(Topic, channel) pairs of a form that the user may choose; a form may contain anything."""
    seen = set(shown)
    return [
        (topic, channel)
        for topic in known.topics.values()
        if not topic.required
        for channel in known.channels(topic)
        if f"{topic.id}{SEPARATOR}{channel}" in seen
    ]


def _reachable(user: User, channel: str) -> bool:
    try:
        user.address(CHANNELS[channel])
    except AddressRefused:
        return False
    return True
