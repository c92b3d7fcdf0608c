"""Users, their subscriptions, and suppressed addresses, as the rest of the code sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fanfare.channels import Channel
from fanfare.domain.consent import Answer, By


@dataclass(frozen=True, kw_only=True)
class User:
    """A recipient. `profile`: what the API shows. `limits`: counters of rate limits.

    `suppressed`: channel → cause, if the present address is suppressed. `checked`: address as written in the profile →
    normalised address, validated when the profile was stored, which saves two validations per delivery.
    `readdressed`: channel → number of earlier addresses. `found_by`: address or device → its digest in the directory.
    """

    id: str
    profile: Mapping[str, Any]
    limits: Mapping[str, Any] = field(default_factory=dict)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, str] = field(default_factory=dict)
    readdressed: Mapping[str, int] = field(default_factory=dict)
    found_by: Mapping[str, str] = field(default_factory=dict)
    opted_out: bool = False
    erasing: bool = False  # an erasure has begun
    rev: int = 0

    def address(self, channel: Channel | type[Channel]) -> Any:
        """The validated address on a channel. Raises AddressRefused."""
        known = self.checked.get(self.profile.get(channel.field, "")) if channel.field else None
        return channel.address(self.profile) if known is None else known


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A user's yes to a topic on a channel, or their standing no.

    `created_at`: when it was stored. `given_at`: since when it holds, if the service told another time. `by` is None
    for a yes of a version that did not store it. `frequency`: as chosen by the user; None: the topic's.
    """

    user_id: str
    topic: str
    channel: str
    created_at: str
    state: Answer = Answer.YES
    by: By | None = None
    given_at: str | None = None
    evidence: str | None = None
    message_id: str | None = None
    frequency: str | None = None

    @property
    def at(self) -> str:
        """Since when it holds."""
        return self.given_at or self.created_at


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A suppressed address with its cause: nothing is sent to it."""

    channel: str
    address: str
    cause: str
    created_at: str


@dataclass(frozen=True, kw_only=True)
class SuppressionChange:
    """A suppression that was stored or, if `cause` is None, removed, and the users who have the address."""

    channel: str
    cause: str | None
    at: str
    user_ids: tuple[str, ...]
