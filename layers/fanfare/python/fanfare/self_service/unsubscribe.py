"""Unsubscribe by a link (RFC 8058), without an account: from one topic on one channel, or from everything. Idempotent.

The link takes away and shows nothing else. Whoever wants to see or to give more asks for a link to the preferences,
which is mailed to the user's present address.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from fanfare.channels import Email
from fanfare.channels.base import AddressRefused
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import By, Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import NotFound
from fanfare.self_service.verification_mail import OwnMail, VerificationMail
from fanfare.signing.links import Links, ReaderLink
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations
from fanfare.store.catalogue import Catalogue
from fanfare.translations import language_of

log = logging.getLogger(__name__)

BY_READER: Final = Allowance("preferences_mail", 3, timedelta(days=1))
OF_THE_PAGE: Final = timedelta(minutes=1)  # between a press of the button and its no, at most


class ReaderErased(NotFound):
    """The user of a link was erased: it is void, also for a new user under the same id."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Data of a link for its page. `current`: the user still has the address to which the link was sent. `undo`: the
    token that undoes what was just done; None if it changed nothing."""

    topic_id: str
    topic: Topic | None
    channel: str
    subscribed: bool
    current: bool
    locale: str | None
    undo: str | None = None

    def title(self, language: str) -> str:
        """The topic's title; its id if the topic no longer exists."""
        return self.topic.title_in(language) if self.topic else self.topic_id


@dataclass(frozen=True, kw_only=True)
class Unsubscribe:
    audience: Audience
    catalogue: Catalogue
    links: Links
    clock: Clock

    def look(self, link: ReaderLink) -> Link:
        """Data of the link. Changes nothing. Raises NotFound."""
        user = reader_of(link, self.audience)
        topic_id = str(link.topic)
        return Link(
            topic_id=topic_id,
            topic=self.catalogue.topic(topic_id),
            channel=link.channel,
            subscribed=self.audience.subscriptions.get(user.id, topic_id, link.channel) is not None,
            current=link.is_current(user),
            locale=user.profile.get("locale"),
        )

    def run(self, link: ReaderLink, *, by: By, everything: bool = False) -> Link:
        """Unsubscribe from the topic of the link, or from everything. Idempotent. Raises NotFound."""
        found, now = self.look(link), self.clock()
        if everything:
            user = reader_of(link, self.audience)
            self.audience.users.opt_out(link.user_id, True)
            return replace(found, undo=None if user.opted_out else self._undo(link, now, everything=True))
        self.audience.subscriptions.remove(link.user_id, found.topic_id, found.channel, by=by)
        return replace(found, undo=self._undo(link, now) if found.subscribed else None)

    def _undo(self, link: ReaderLink, now: datetime, *, everything: bool = False) -> str:
        about = {"user": link.user_id, "generation": link.generation, "at": to_text(now), "everything": everything}
        return self.links.undo_token({**about, "topic": link.topic, "channel": link.channel}, now=now)


@dataclass(frozen=True, kw_only=True)
class UndoUnsubscribe:
    """Undoes what a page just did, and nothing else: the token is on that page alone, for a quarter of an hour."""

    audience: Audience
    catalogue: Catalogue
    links: Links
    clock: Clock

    def run(self, link: ReaderLink, token: str) -> tuple[Link, bool]:
        """What the link is for, and whether it was everything. A repeat changes nothing. Raises NotFound."""
        user = reader_of(link, self.audience)
        about = self.links.open_undo(token, now=self.clock())
        if (about["user"], about["generation"]) != (user.id, user.generation) or link.topic != about["topic"]:
            raise _too_late()
        found = Link(
            topic_id=about["topic"],
            topic=self.catalogue.read_topic(about["topic"]),
            channel=about["channel"],
            subscribed=True,
            current=link.is_current(user),
            locale=user.profile.get("locale"),
        )
        if about["everything"]:
            self.audience.users.opt_out(user.id, False)
        elif self.audience.subscriptions.get(user.id, found.topic_id, found.channel) is None:
            self._subscribe(found, user, since=from_text(about["at"]))
        return found, about["everything"]

    def _subscribe(self, found: Link, user: User, *, since: datetime) -> None:
        said = self.audience.consents.of_user(user.id, yeses=())
        last = next((each for each in said if (each.topic, each.channel) == (found.topic_id, found.channel)), None)
        own = last is not None and since <= from_text(last.recorded_at) <= since + OF_THE_PAGE
        if found.topic is None or not own:  # another no came later
            raise _too_late()
        yes = Subscription(
            user_id=user.id,
            topic=found.topic_id,
            channel=found.channel,
            created_at=to_text(self.clock()),
            by=By.PAGE,
        )
        self.audience.subscriptions.add(yes, shards=found.topic.shards)


def _too_late() -> NotFound:
    return NotFound("It is too late to undo this.", code="undo_expired")


@dataclass(frozen=True, kw_only=True)
class MailPreferences:
    """Mails the link to the preferences to the user's present address."""

    audience: Audience
    confirmations: Confirmations
    mail: VerificationMail
    own_mail: OwnMail
    links: Links
    clock: Clock

    def run(self, link: ReaderLink, *, languages: Sequence[str] = ()) -> User:
        """Send the link, if allowed, in the user's language or one of these. The page is the same if not.

        Raises NotFound.
        """
        user = reader_of(link, self.audience)
        if link.is_current(user):
            self.send(user, languages=languages)
        else:
            log.info("link to preferences", extra={"refused": "address_changed"})
        return user

    def send(self, user: User, *, languages: Sequence[str] = ()) -> None:
        """Send the link to the user's address, if allowed."""
        refused = self._refused(user)
        if refused is None:
            link = self.links.preferences_link(user, Email.name)
            language = language_of(user.profile.get("locale"), *languages)
            refused = self.mail.preferences(str(user.address(Email)), link, language=language).reason
        log.info("link to preferences", extra={"refused": refused})

    def _refused(self, user: User) -> str | None:
        """The reason not to send the link; None to send it."""
        try:
            address = str(user.address(Email))
        except AddressRefused as refused:
            return refused.reason
        if not self.confirmations.allows(BY_READER, user.id, now=self.clock()):
            return "reader_limited"
        return self.own_mail.run(Email.name, address)


def reader_of(link: ReaderLink, audience: Audience) -> User:
    """The user of the link. Raises NotFound if they were erased, also if there is a new user under the id."""
    user = audience.users.get(link.user_id)
    if user is None or not link.is_of(user):
        raise ReaderErased("This link is no longer valid: the user does not exist.", code="link_invalid")
    return user
