"""Users, their subscriptions and consents, and suppressed addresses, as the rest of the code sees them.

A no that a person gave binds services; a no of a service does not. After one click or a STOP, not even new evidence
counts for `COOLING`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from fanfare.channels import Channel
from fanfare.channels.base import AddressRefused
from fanfare.channels.reasons import Reason
from fanfare.clock import from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.errors import Conflict


class By(StrEnum):
    """The way by which a yes or a no came."""

    SERVICE = "service"
    IMPORT = "import"
    PERSON = "person"  # through the public API
    ONE_CLICK = "one_click"  # the link in a mail (RFC 8058)
    PAGE = "page"  # the preference page
    CONFIRMATION = "confirmation"
    STOP = "stop"  # to the provider of text messages


class Answer(StrEnum):
    """What was said; also the state of a subscription."""

    YES = "subscribed"
    NO = "unsubscribed"


OF_SERVICES: Final = frozenset({By.SERVICE, By.IMPORT})
# How much a no weighs: a lighter one changes nothing where a heavier one stands
WEIGHT: Final = {By.SERVICE: 0, By.IMPORT: 0, By.CONFIRMATION: 1, By.PERSON: 1, By.PAGE: 1, By.ONE_CLICK: 2, By.STOP: 2}
BINDING: Final = 1  # the least weight of a no that binds services
HEAVIEST: Final = 2  # of a no that no evidence overrides for a time
COOLING: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One change of a subscription. `recorded_at`: when it was stored; `at`: since when it holds, as reported."""

    topic: str
    channel: str
    state: Answer
    by: By
    recorded_at: str
    at: str
    message_id: str | None = None
    evidence: str | None = None


def check_yes(by: By, no: Consent | None, *, now: datetime, override: bool = False) -> None:
    """Raises Conflict if the standing `no` forbids a yes that comes this way. `override`: with new evidence."""
    if no is None or by not in OF_SERVICES or WEIGHT[no.by] < BINDING:
        return
    if not override:
        raise Conflict(
            "This person unsubscribed; only they can subscribe again. "
            "With new evidence of their consent, use the route `resubscription`.",
            code="unsubscribed_by_person",
        )
    if WEIGHT[no.by] >= HEAVIEST and now < from_text(no.at) + COOLING:
        raise Conflict(
            f"This person unsubscribed less than {COOLING.days} days ago; only they can subscribe again before then.",
            code="too_soon",
        )


def is_heavier(by: By, no: Consent | None) -> bool:
    """Whether a no that comes this way, without a yes to end, says more than the standing `no`."""
    return WEIGHT[by] >= BINDING and (no is None or WEIGHT[by] > WEIGHT[no.by])


# The advice of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md is to disable
# endpoints that fail "for an extended period of time"; known services take three to five days.
OFF_AFTER: Final = timedelta(days=5)
OFF_DAYS: Final = 3  # with a failure, at least: two messages with a week between them say little


LIFE_LENGTH: Final = 3
UNKNOWN_LIFE: Final = "." * LIFE_LENGTH


@dataclass(frozen=True, kw_only=True)
class User:
    """A recipient. `profile`: what the API shows. `limits`: counters of rate limits.

    `suppressed`: channel → cause, if the present address is suppressed. `checked`: address as written in the profile →
    normalised address, validated when the profile was stored, which saves two validations per delivery.
    `readdressed`: channel → number of earlier addresses. `found_by`: address or device → its digest in the directory.
    `endpoints`: channel → state of the user's own endpoint, if it fails (`EndpointHealth`).
    `generation`: random, of this life of the id; after an erasure the next user under the same id has another one (""
    for users created before there were generations). `signed_up`: created by a sign-up without an account.
    `secret_no`, `secret_at`: number and time of the last rotation of the webhook's secret. `by_address`: not stored; a
    message names the address.
    """

    id: str
    profile: Mapping[str, Any]
    limits: Mapping[str, Any] = field(default_factory=dict)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, str] = field(default_factory=dict)
    readdressed: Mapping[str, int] = field(default_factory=dict)
    found_by: Mapping[str, str] = field(default_factory=dict)
    indexed: bool = False  # in the list of users; False for a user of an earlier version
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    opted_out: bool = False
    preferences: Mapping[str, Any] = field(
        default_factory=dict
    )  # `at_most`: channel → messages a day; `digest_at`; `no`
    erasing: bool = False  # an erasure has begun
    rev: int = 0
    generation: str = ""
    signed_up: bool = False
    secret_no: int = 0
    secret_at: str | None = None
    by_address: bool = False

    @property
    def life(self) -> str:
        """Characters of the generation, by which a batch knows its recipients: one in 262,144 has those of another.

        `UNKNOWN_LIFE` for recipients by address, and for users of before there were generations.
        """
        if self.by_address or not self.generation:
            return UNKNOWN_LIFE
        return urlsafe_b64encode(bytes.fromhex(self.generation)).decode()[:LIFE_LENGTH]

    def at_most(self, channel: str) -> int | None:
        """How many messages a day the user wants on a channel; None: any number."""
        return self.preferences.get("at_most", {}).get(channel)  # type: ignore[no-any-return]

    def address(self, channel: Channel | type[Channel]) -> Any:
        """The validated address on a channel. Raises AddressRefused, also if the endpoint is switched off."""
        if self.by_address and channel.field not in self.profile:
            raise AddressRefused(Reason.NO_ADDRESS)  # e.g. an inbox is read by stored users only
        if off := self.endpoints.get(channel.name, {}).get("off"):
            raise AddressRefused(Reason(off))
        known = self.checked.get(self.profile.get(channel.field, "")) if channel.field else None
        return channel.address(self.profile) if known is None else known


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A user's yes to a topic on a channel, or their standing no.

    `created_at`: when it was stored. `given_at`: since when it holds, if the service reported another time. `by` is
    None for a yes of a version that did not store it. `frequency`: as chosen by the user; None: the topic's.
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


@dataclass(frozen=True, kw_only=True)
class EndpointHealth:
    """How a user's own endpoint has failed. It is stored while it fails, and written at most once a day.

    `since`: first failure after the last success. `days`: on how many days it failed, `day` being the last one.

    `off`: the reason for which it is switched off, since `off_at`.
    """

    since: str
    day: str
    days: int = 1
    off: Reason | None = None
    off_at: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> EndpointHealth | None:
        """The stored state; None for an endpoint that works."""
        if not stored:
            return None
        off = stored.get("off")
        return cls(
            since=stored["since"],
            day=stored["day"],
            days=stored["days"],
            off=Reason(off) if off else None,
            off_at=stored.get("off_at"),
        )

    def stored(self) -> dict[str, Any]:
        """The state as it is stored."""
        known = {"since": self.since, "day": self.day, "days": self.days, "off": self.off, "off_at": self.off_at}
        return {name: value for name, value in known.items() if value is not None}


def after_failure(before: EndpointHealth | None, now: datetime) -> EndpointHealth:
    """The state after a failure."""
    day = to_text(now)[:10]
    if before is None:
        return EndpointHealth(since=to_text(now), day=day)
    if before.off is not None or before.day == day:
        return before
    after = replace(before, day=day, days=before.days + 1)
    lasting = now - from_text(before.since) >= OFF_AFTER and after.days >= OFF_DAYS
    return replace(after, off=Reason.ENDPOINT_SWITCHED_OFF, off_at=to_text(now)) if lasting else after
