"""Give what a preference page asked for, only after a link to the user's present address confirmed it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

from fanfare.channels import Email
from fanfare.channels.base import AddressRefused
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import By, Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import NotFound
from fanfare.self_service.own_mail import OwnMail
from fanfare.self_service.verification_mail import VerificationMail
from fanfare.signing.links import CONFIRM_WITHIN, Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations, PendingChoices
from fanfare.store.catalogue import Catalogue

log = logging.getLogger(__name__)

BY_READER: Final = Allowance("choices", 10, timedelta(days=1))


class Asking(StrEnum):
    """The result of a wish for more."""

    NOTHING = "nothing"  # nothing was asked for
    MAILED = "mailed"
    NO_ADDRESS = "no_address"
    TOO_MANY = "too_many"
    OLD_LINK = "old_link"  # the link belongs to an earlier address


@dataclass(frozen=True, kw_only=True)
class AskForChoices:
    confirmations: Confirmations
    mail: VerificationMail
    own_mail: OwnMail
    links: Links
    clock: Clock

    def run(self, user: User, give: Sequence[tuple[str, str]], *, opt_in: bool) -> Asking:
        """Keep the wish and mail a link that confirms it. The result is the same if nothing may be mailed there."""
        try:
            address = str(user.address(Email))
        except AddressRefused:
            return Asking.NO_ADDRESS
        now = self.clock()
        if not self.confirmations.allows(BY_READER, user.id, now=now):
            return Asking.TOO_MANY
        wish = PendingChoices(
            user_id=user.id,
            secret=str(uuid4()),
            give=give,
            opt_in=opt_in,
            address_no=user.readdressed.get(Email.name, 0),
        )
        self.confirmations.put_choices(wish, until=now + CONFIRM_WITHIN)
        refused = self.own_mail.run(Email.name, address)
        if refused is None:
            link = self.links.confirmation_link({"choices": user.id, "secret": wish.secret}, now=now)
            refused = self.mail.confirm_choices(address, link).reason
        log.info("link to confirm choices", extra={"refused": refused})
        return Asking.MAILED


@dataclass(frozen=True, kw_only=True)
class GiveChoices:
    audience: Audience
    catalogue: Catalogue
    confirmations: Confirmations
    clock: Clock

    def look(self, user_id: str, secret: str) -> PendingChoices:
        """The choices of a link. Raises NotFound if they were replaced, or the user has another address by now."""
        choices = self.confirmations.choices(user_id, secret)
        user = self.audience.users.get(user_id) if choices else None
        if choices is None or user is None or user.readdressed.get(Email.name, 0) != choices.address_no:
            raise NotFound("Link has expired or was replaced by a newer one.", code="link_expired")
        return choices

    def offered(self, choices: PendingChoices) -> list[tuple[Topic, str]]:
        """The topics and channels of the choices that are still offered."""
        topics = {name: self.catalogue.read_topic(name) for name in dict.fromkeys(name for name, _ in choices.give)}
        return [
            (topic, channel)
            for name, channel in choices.give
            if (topic := topics[name]) is not None and channel in topic.channels
        ]

    def run(self, choices: PendingChoices) -> User:
        """Give them. Raises NotFound if the user was erased meanwhile."""
        now, held = to_text(self.clock()), self.audience.subscriptions
        for topic, channel in self.offered(choices):
            if held.get(choices.user_id, topic.id, channel) is None:
                yes = Subscription(
                    user_id=choices.user_id, topic=topic.id, channel=channel, created_at=now, by=By.CONFIRMATION
                )
                held.add(yes, shards=topic.shards)
        if choices.opt_in:
            self.audience.users.opt_out(choices.user_id, False)
        self.confirmations.end_choices(choices, done=True)
        user = self.audience.users.get(choices.user_id)
        if user is None:
            raise NotFound("Link has expired or was replaced by a newer one.", code="link_expired")
        return user
