"""Unsubscribe by a link (RFC 8058), without an account: from one topic on one channel, or from everything. Idempotent.

The link takes away and shows nothing else. Whoever wants to see or to give more asks for a link to the preferences,
which is mailed to the user's present address.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fanfare.channels import Email
from fanfare.channels.base import AddressRefused
from fanfare.clock import Clock
from fanfare.domain.audience import By, User
from fanfare.errors import NotFound
from fanfare.self_service.verification_mail import OwnMail, VerificationMail
from fanfare.signing.links import Links, ReaderLink
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations
from fanfare.store.catalogue import Catalogue

log = logging.getLogger(__name__)

BY_READER: Final = Allowance("preferences_mail", 3, timedelta(days=1))


@dataclass(frozen=True, kw_only=True)
class Link:
    """Data of a link for its page. `title` is the topic's id if the topic no longer exists. `current`: the user still
    has the address to which the link was sent."""

    topic: str
    title: str
    channel: str
    subscribed: bool
    current: bool


@dataclass(frozen=True, kw_only=True)
class Unsubscribe:
    audience: Audience
    catalogue: Catalogue

    def look(self, link: ReaderLink) -> Link:
        """Data of the link. Changes nothing. Raises NotFound."""
        user = reader_of(link, self.audience)
        topic_id = str(link.topic)
        topic = self.catalogue.topic(topic_id)
        return Link(
            topic=topic_id,
            title=topic.title if topic else topic_id,
            channel=link.channel,
            subscribed=self.audience.subscriptions.get(user.id, topic_id, link.channel) is not None,
            current=link.is_current(user),
        )

    def run(self, link: ReaderLink, *, by: By, everything: bool = False) -> Link:
        """Unsubscribe from the topic of the link, or from everything. Idempotent. Raises NotFound."""
        found = self.look(link)
        if everything:
            self.audience.users.opt_out(link.user_id, True)
        else:
            self.audience.subscriptions.remove(link.user_id, found.topic, found.channel, by=by)
        return found


@dataclass(frozen=True, kw_only=True)
class MailPreferences:
    """Mails the link to the preferences to the user's present address."""

    audience: Audience
    confirmations: Confirmations
    mail: VerificationMail
    own_mail: OwnMail
    links: Links
    clock: Clock

    def run(self, link: ReaderLink) -> None:
        """Send the link, if allowed. The page is the same if not. Raises NotFound."""
        user = reader_of(link, self.audience)
        refused = self._refused(link, user)
        if refused is None:
            address = str(user.address(Email))
            result = self.mail.preferences(address, self.links.preferences_link(user, Email.name))
            refused = result.reason
        log.info("link to preferences", extra={"refused": refused})

    def _refused(self, link: ReaderLink, user: User) -> str | None:
        """The reason not to send the link; None to send it."""
        if not link.is_current(user):
            return "address_changed"
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
        raise NotFound("This link is no longer valid: the user does not exist.", code="link_invalid")
    return user
