"""Suppressions by hand: addresses that must not be written to again, put, looked up and taken back by a service."""

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
        """Suppress the address, and say whether it is new: the first cause is kept. Raises Invalid."""
        known = _known(channel, address)
        if known is None:
            if not CHANNELS[channel].suppressible:
                raise Invalid.field("{channel}", "not_suppressible", "addresses of this channel can't be suppressed")
            raise Invalid.field("{address}", "invalid_address", "this is no address of the channel")
        before = self.audience.suppressions.get(channel, known)
        at = to_text(self.clock())
        self.audience.suppressions.add(channel, known, cause, at=at)
        if before is not None:
            return before, False
        return self.audience.suppressions.get(channel, known) or Suppression(
            channel=channel, address=known, cause=cause, created_at=at
        ), True

    def get(self, channel: str, address: str) -> Suppression:
        """Why the address must not be written to. Raises NotFound if it may."""
        known = _known(channel, address)
        found = self.audience.suppressions.get(channel, known) if known else None
        if found is None:
            raise NotFound("this address is not suppressed", code="suppression_not_found")
        return found

    def delete(self, channel: str, address: str) -> None:
        """Let the address be written to again; a repeat changes nothing."""
        known = _known(channel, address)
        if known is not None:
            self.audience.suppressions.remove(channel, known)

    def page(
        self, *, channel: str | None, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Suppression], list[str] | None]:
        """A page of suppressed addresses, by channel and address, and the (channel, address) to go on after."""
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
    """The address of a path as suppressions know it.

    API Gateway decodes every escape of a path but `%25`: decoding what it left is right with it and without it.
    """
    return CHANNELS[channel].normalised(unquote(address))
