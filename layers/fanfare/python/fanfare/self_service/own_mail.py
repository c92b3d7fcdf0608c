"""To which addresses Fanfare sends mails and codes of its own, which anybody can cause by typing an address.

Whoever causes one learns nothing: if an address is suppressed or its reader refused, the answer is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fanfare.channels import CHANNELS, Email
from fanfare.clock import Clock, to_text
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations
from fanfare.store.audience.refusals import Refusals


@dataclass(frozen=True, kw_only=True)
class OwnMail:
    """Rules of Fanfare's own mails: `run` says whether one must not be sent; the link in each stops them."""

    audience: Audience
    refusals: Refusals
    links: Links
    clock: Clock

    def run(self, channel: str, address: str) -> str | None:
        """The reason why nothing may be sent to the address; None if it may."""
        if self.audience.suppressions.get(channel, identity(channel, address)) is not None:
            return "suppressed"
        return "refused" if channel == Email.name and self.refusals.has(mailbox(channel, address)) else None

    def stop_link(self, address: str) -> str:
        """The link in a mail that stops such mails for good."""
        return self.links.refusal_link(self.refusals.key_of(mailbox(Email.name, address)))

    def stop(self, key: str) -> None:
        """Send nothing more of our own to the mailbox of a link. Idempotent."""
        self.refusals.add(key, at=to_text(self.clock()))

    def allow(self, key: str) -> None:
        """Send again, if the reader changed their mind. Idempotent."""
        self.refusals.remove(key)


@dataclass(frozen=True, kw_only=True)
class Allowances:
    """Limits of mails and codes to an address: `asker` for one asker, `overall` for all of them together.

    So no asker can use up the limit of another: the owner's own try works while a stranger is over the limit.
    """

    asker: Allowance
    overall: Allowance

    def run(self, asker: str, channel: str, address: str, *, confirmations: Confirmations, clock: Clock) -> bool:
        """Count an attempt. Returns whether it is allowed."""
        now, box = clock(), mailbox(channel, address)
        return confirmations.allows(self.asker, f"{asker}\n{box}", now=now) and confirmations.allows(
            self.overall, box, now=now
        )


def hourly(what: str, *, asker: int, overall: int) -> Allowances:
    """Allowances of an hour."""
    hour = timedelta(hours=1)
    return Allowances(asker=Allowance(f"{what}_of_asker", asker, hour), overall=Allowance(what, overall, hour))


def identity(channel: str, address: str) -> str:
    """The canonical address, by which it is suppressed."""
    return CHANNELS[channel].normalised(address) or address


def mailbox(channel: str, address: str) -> str:
    """The address without a `+tag`: mail to all of its tags is read by the same person."""
    known = identity(channel, address)
    if channel != Email.name:
        return known
    local, _, domain = known.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
