"""Users, their subscriptions, and suppressed addresses, as the rest of the code sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fanfare.channels import Channel


@dataclass(frozen=True, kw_only=True)
class User:
    """A person who receives. `profile` is what the API shows; `limits` is what the fan-out counts.

    `suppressed` says, by channel, why the user's present address must not be written to. `checked` has the
    addresses that were found good when the profile was written, by how they are written there: so they need not be
    checked again, twice at each delivery. `readdressed` counts, by channel, the addresses that the user had before.
    """

    id: str
    profile: Mapping[str, Any]
    limits: Mapping[str, Any] = field(default_factory=dict)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, str] = field(default_factory=dict)
    readdressed: Mapping[str, int] = field(default_factory=dict)
    opted_out: bool = False
    rev: int = 0

    def address(self, channel: Channel | type[Channel]) -> Any:
        """The checked address on a channel. Raises AddressRefused."""
        known = self.checked.get(self.profile.get(channel.field, "")) if channel.field else None
        return channel.address(self.profile) if known is None else known


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A user's yes to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """An address that must not be written to again, with its cause."""

    channel: str
    address: str
    cause: str
    created_at: str
