"""Suppressed addresses, managed by services: nothing is sent to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from fanfare.channels import CHANNELS
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import Suppression
from fanfare.errors import Invalid, NotFound
from fanfare.pagination import take
from fanfare.store.audience import Audience


@dataclass(frozen=True, kw_only=True)
class ManageSuppressions:
    audience: Audience
    clock: Clock

    def put(self, channel: str, address: str, cause: str) -> tuple[Suppression, bool]:
        """The suppression, and whether it is new. The first cause is kept. Raises Invalid."""
        known = _known(channel, address)
        if known is None:
            if not CHANNELS[channel].suppressible:
                raise Invalid.field("{channel}", "not_suppressible", "Addresses of this channel can't be suppressed.")
            raise Invalid.field("{address}", "invalid_address", "Invalid address for this channel.")
        before = self.audience.suppressions.get(channel, known)
        at = to_text(self.clock())
        self.audience.suppressions.add(channel, known, cause, at=at)
        if before is not None:
            return before, False
        return self.audience.suppressions.get(channel, known) or Suppression(
            channel=channel, address=known, cause=cause, created_at=at
        ), True

    def get(self, channel: str, address: str) -> Suppression:
        """The suppression of an address. Raises NotFound."""
        known = _known(channel, address)
        found = self.audience.suppressions.get(channel, known) if known else None
        if found is None:
            raise NotFound("Address is not suppressed.", code="suppression_not_found")
        return found

    def delete(self, channel: str, address: str) -> None:
        """Allow sending to the address again. Idempotent."""
        known = _known(channel, address)
        if known is not None:
            self.audience.suppressions.remove(channel, known)

    def page(
        self, *, channel: str | None, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Suppression], list[str] | None]:
        """A page of suppressions, by channel and address, and the (channel, address) to continue after."""
        names = [name for name, each in CHANNELS.items() if each.suppressible and channel in (None, name)]
        found: list[Suppression] = []
        for name in names[names.index(after[0]) if after else 0 :]:
            position = after[1] if after and name == after[0] else None
            room = limit + 1 - len(found)
            found += islice(self.audience.suppressions.of_channel(name, after=position, limit=room), room)
            if len(found) > limit:
                break
        return take(found, limit, lambda last: [last.channel, last.address])


def _known(channel: str, address: str) -> str | None:
    """The address in a path, normalised as in the suppressions; None if it is invalid for the channel.

    API Gateway decodes every percent-encoded character of a path except `%25`; decoding the rest is also correct
    without API Gateway.
    """
    return CHANNELS[channel].normalised(unquote(address))
