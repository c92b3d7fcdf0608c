"""The preference page: every public topic and every topic of the user, by channel.

It takes away at once. It gives only after a link to the user's present address confirms it: a forwarded mail or a log
must not subscribe anybody. A link to an earlier address shows no choices and gives nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fanfare.channels import CHANNELS
from fanfare.channels.base import AddressRefused
from fanfare.domain.audience import By, User
from fanfare.domain.catalogue import Topic
from fanfare.self_service.changes import CountChanges
from fanfare.self_service.choices import AskForChoices, Asking
from fanfare.self_service.pages import Choice, Way
from fanfare.self_service.unsubscribe import reader_of
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue

TOPICS_LIMIT: Final = 500  # on one page
SEPARATOR: Final = "/"  # not allowed in ids


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """The topics a user may choose from, and the user's subscriptions. `current`: the link was sent to the address in
    use; if not, there are no topics."""

    user: User
    current: bool
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
    ask: AskForChoices
    count_changes: CountChanges

    def show(self, token: str) -> Preferences:
        """Topics and subscriptions of the link's user. Changes nothing. Raises NotFound."""
        known = self._known(token)
        return known if known.current else replace(known, topics={}, subscribed=frozenset())

    def change(
        self, token: str, *, shown: Iterable[str], yes: Iterable[str], nothing: bool
    ) -> tuple[Preferences, Asking]:
        """Take away what the form takes away, and ask for a confirmation of what it gives.

        Topics that the page did not show stay unchanged. Raises NotFound, and TooManyRequests if it gives too much.
        """
        before = self._known(token)
        wanted, give = set(yes), []
        for topic, channel in _offered(before, shown):
            has, wants = (topic.id, channel) in before.subscribed, f"{topic.id}{SEPARATOR}{channel}" in wanted
            if wants and not has:
                give.append((topic.id, channel))
            elif has and not wants:
                self.audience.subscriptions.remove(before.user.id, topic.id, channel, by=By.PAGE)
        if nothing and not before.user.opted_out:
            self.audience.users.opt_out(before.user.id, True)
        opt_in = before.user.opted_out and not nothing
        return self.show(token), self._asked(before, give, opt_in=opt_in)

    def _asked(self, before: Preferences, give: Sequence[tuple[str, str]], *, opt_in: bool) -> Asking:
        if not give and not opt_in:
            return Asking.NOTHING
        self.count_changes.run(before.user.id, len(give) + opt_in)
        return self.ask.run(before.user, give, opt_in=opt_in) if before.current else Asking.OLD_LINK

    def _known(self, token: str) -> Preferences:
        link = self.links.open_preferences(token)
        user = reader_of(link, self.audience)
        subscribed = frozenset((each.topic, each.channel) for each in self.audience.subscriptions.of_user(user.id))
        topics = {topic.id: topic for topic in self.catalogue.topics(after=None, limit=TOPICS_LIMIT, public=True)}
        for name, _ in sorted(subscribed):
            topic = topics.get(name) or self.catalogue.read_topic(name)
            if topic is not None:
                topics[name] = topic
        return Preferences(user=user, current=link.is_current(user), topics=topics, subscribed=subscribed)


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
