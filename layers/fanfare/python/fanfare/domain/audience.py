"""Users, their subscriptions, and suppressed addresses, as the rest of the code sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fanfare.channels import Channel


@dataclass(frozen=True, kw_only=True)
class User:
    """A recipient. `profile`: what the API shows. `limits`: counters of rate limits.

    `suppressed`: channel → cause, if the present address is suppressed. `checked`: address as written in the profile →
    normalised address, validated when the profile was stored, which saves two validations per delivery.
    `readdressed`: channel → number of earlier addresses.
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
        """The validated address on a channel. Raises AddressRefused."""
        known = self.checked.get(self.profile.get(channel.field, "")) if channel.field else None
        return channel.address(self.profile) if known is None else known


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A user's subscription to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A suppressed address with its cause: nothing is sent to it."""

    channel: str
    address: str
    cause: str
    created_at: str
