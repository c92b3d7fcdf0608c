"""What templates see of a message besides its data, for one reader on one channel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Protocol

from fanfare import languages
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Pinned, Topic
from fanfare.domain.message import Message
from fanfare.templates.context import BrandSeen, KnownLinks, LinksSeen, MessageContext, TopicSeen

NOBODY: Final = User(id="user-1", profile={})  # for content that is checked before there are readers


def pinned_of(
    topic: Topic | None, brand: Mapping[str, Any], *, name: str, sender: Mapping[str, Any] | None = None
) -> Pinned:
    """What a later change of topic and brand does not change for a message. `name`: of a brand that has none."""
    known = {field: brand[field] for field in BrandSeen._fields if brand.get(field)}
    seen = {"name": name, **known}
    if topic is None:
        return Pinned(sender=sender, brand=seen)
    if sender is None or sender.get("address") in (None, (topic.sender or {}).get("address")):
        sender = {**(topic.sender or {}), **(sender or {})}
    return Pinned(title=topic.title, titles=topic.titles, footer=topic.footer, sender=sender or None, brand=seen)


class LinkMaker(Protocol):
    """Makes the links of a reader."""

    def unsubscribe_link(self, reader: User, topic: str, channel: str) -> str: ...
    def preferences_link(self, reader: User, channel: str) -> str: ...
    def view_link(self, reader: User, message_id: str, channel: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class MessageContexts:
    """Of one message on one channel. `topic`: as it is now; None if there is none. `pinned`: None if the message does
    not have it. `links`: None if there is no public API. `takes_away`: whether there are links that do."""

    message: Message
    topic: Topic | None
    pinned: Pinned | None
    channel: str
    links: LinkMaker | None
    takes_away: bool = True

    @property
    def can_be_left(self) -> bool:
        """Whether readers can unsubscribe from the message's topic."""
        return self.message.topic is not None and not (self.topic is not None and self.topic.required)

    @property
    def can_be_viewed(self) -> bool:
        """Whether the message is shown in the browser."""
        return self.message.topic is not None and self.message.priority != "critical" and not self.message.sensitive

    def of(self, user: User = NOBODY) -> MessageContext:
        """What templates see for this reader."""
        links: LinksSeen = KnownLinks() if self.links is None else ReaderLinks(self, self.links, user)
        return MessageContext(
            topic=self._topic_seen(user),
            brand=self._brand,
            links=links,
            footer=self.can_be_left and self.links is not None and self._footer,
        )

    @cached_property
    def _kept(self) -> Pinned:
        return self.pinned or Pinned(
            title=self.topic.title if self.topic else None, footer=self.topic is None or self.topic.footer
        )

    @cached_property
    def _brand(self) -> BrandSeen | None:
        return BrandSeen(**self._kept.brand) if self._kept.brand else None

    @property
    def _footer(self) -> bool:
        return self._kept.footer

    def _topic_seen(self, user: User) -> TopicSeen | None:
        if self.message.topic is None:
            return None
        titles = self._kept.titles
        language = languages.nearest(titles, user.profile.get("locale"))
        return TopicSeen(self.message.topic, titles[language] if language else self._kept.title or self.message.topic)


class ReaderLinks:
    """The links of one reader; each is made when it is asked for, and noted in `made`."""

    def __init__(self, contexts: MessageContexts, maker: LinkMaker, user: User) -> None:
        self._of, self._maker, self._user = contexts, maker, user
        self.made: list[str] = []

    @cached_property
    def unsubscribe(self) -> str | None:
        """Takes away the topic, or everything."""
        topic = self._of.message.topic
        if topic is None or not (self._of.can_be_left and self._of.takes_away):
            return None
        return self._noted(self._maker.unsubscribe_link(self._user, topic, self._of.channel))

    def all(self) -> Mapping[str, str | None]:
        """By name."""
        return self._all

    @cached_property
    def _all(self) -> Mapping[str, str | None]:
        of, user = self._of, self._user
        known = {"unsubscribe": self.unsubscribe, "preferences": None, "view": None}
        if of.takes_away and not user.by_address:
            known["preferences"] = self._noted(self._maker.preferences_link(user, of.channel))
        if of.can_be_viewed:
            known["view"] = self._noted(self._maker.view_link(user, of.message.id, of.channel))
        return known

    def _noted(self, link: str) -> str:
        self.made.append(link)
        return link
