"""Who gets a message: one pure function, used wherever the question is asked.

The rules stand in the order of their precedence: the first that objects decides. Each has a name,
so that an explanation can say which ones a user passed and which one stopped the message.

    suppression > required topic > opt-out of everything > topic and channel > defaults
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from fanfare.channels.base import AddressRefused, Channel
from fanfare.channels.reasons import Reason
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Topic
from fanfare.domain.quiet_hours import quiet_until
from fanfare.domain.rate_limit import RateLimit, next_turn, without_forgotten

EVERY_TOPIC: Final = "*"  # the counter of a limit across all topics
ROUNDS: Final = 10  # a quiet hour may push a turn, and a turn into the next quiet hour
# Who is deferred to the same minute shares a batch, and none goes early; a short wait is not made much longer
SLOT: Final = 60
SHORT_SLOT: Final = 5
SHORT_WAIT: Final = 300


class Action(StrEnum):
    DELIVER = "deliver"
    DEFER = "defer"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A user on one channel, and what the rules look at.

    `named` by the service itself: the message has no topic, so there is none to refuse. `keep_until` is how long the
    message can wait.
    """

    user: User | None
    channel: type[Channel]
    subscribed: bool
    topic: Topic | None
    critical: bool
    offered: bool  # the template has something for the channel
    overall: Mapping[str, Any] | None = None  # the channel's limit across all topics, in the shape of a topic's
    named: bool = False
    keep_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do with a candidate. `limits` is what to store when the user is charged for it."""

    action: Action
    reason: str | None = None
    until: datetime | None = None
    limits: Mapping[str, Any] | None = None
    steps: tuple[tuple[str, str], ...] = field(default=(), compare=False)  # rule → passed, or what it said


Rule = Callable[[Candidate], Reason | None]


def _known(candidate: Candidate) -> Reason | None:
    return Reason.UNKNOWN_USER if candidate.user is None else None


def _not_suppressed(candidate: Candidate) -> Reason | None:
    cause = candidate.user.suppressed.get(candidate.channel.name) if candidate.user else None
    return Reason.suppressed(cause) if cause else None


def _opted_in(candidate: Candidate) -> Reason | None:
    if candidate.named or (candidate.topic is not None and candidate.topic.required):
        return None  # not theirs to refuse
    return Reason.OPTED_OUT if candidate.user and candidate.user.opted_out else None


def _subscribed(candidate: Candidate) -> Reason | None:
    if candidate.topic is not None and candidate.topic.required:
        return None
    return None if candidate.subscribed else Reason.NOT_SUBSCRIBED


def _offered(candidate: Candidate) -> Reason | None:
    return None if candidate.offered else Reason.NO_CONTENT


NOBODY: Final = User(id="", profile={})


def _reachable(candidate: Candidate) -> Reason | None:
    try:
        (candidate.user or NOBODY).address(candidate.channel)
    except AddressRefused as refused:
        return refused.reason
    return None


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("known", _known),
    ("suppression", _not_suppressed),
    ("opt_out", _opted_in),
    ("subscription", _subscribed),
    ("content", _offered),
    ("address", _reachable),
)


def decide(candidate: Candidate, now: datetime) -> Verdict:
    """What to do with a candidate at `now`. Pure: the same question has the same answer."""
    steps: list[tuple[str, str]] = []
    for name, rule in RULES:
        reason = rule(candidate)
        steps.append((name, reason or "passed"))
        if reason is not None:
            return Verdict(action=Action.SKIP, reason=reason, steps=tuple(steps))
    if candidate.critical or candidate.user is None:
        return Verdict(action=Action.DELIVER, steps=(*steps, ("time", "critical")))
    return _timed(candidate, candidate.user, now, steps)


def _timed(candidate: Candidate, user: User, now: datetime, steps: list[tuple[str, str]]) -> Verdict:
    """When: after quiet hours, and within every limit at that time."""
    limits = _limits(candidate)
    present = now.timestamp()
    at, reason = present, None
    for _ in range(ROUNDS):
        before = at
        quiet = quiet_until(user.profile, datetime.fromtimestamp(at, UTC))
        if quiet is not None:
            at, reason = quiet.timestamp(), Reason.QUIET_HOURS
        for name, limit, overflow in limits:
            turn = next_turn(limit, user.limits.get(name), present, not_before=at)
            if turn.at > at and overflow == "drop":
                return Verdict(
                    action=Action.SKIP, reason=Reason.RATE_LIMITED, steps=(*steps, ("limit", Reason.RATE_LIMITED))
                )
            if turn.at > at:
                at, reason = turn.at, Reason.RATE_LIMITED
        if at == before:
            break
        slot = SHORT_SLOT if at - present < SHORT_WAIT else SLOT
        at = -(-at // slot) * slot  # what is counted is when it is due
    if reason is not None and candidate.keep_until is not None and at > candidate.keep_until.timestamp():
        return Verdict(action=Action.SKIP, reason=reason, steps=(*steps, ("time", f"{reason} for too long")))
    charged = None
    if limits:
        charged = without_forgotten(user.limits, present)
        for name, limit, _ in limits:
            charged[name] = next_turn(limit, user.limits.get(name), present, not_before=at).counter
    if reason is None:
        return Verdict(action=Action.DELIVER, limits=charged, steps=(*steps, ("time", "passed")))
    until = datetime.fromtimestamp(at, UTC)
    return Verdict(
        action=Action.DEFER,
        reason=reason,
        until=until,
        limits=charged,
        steps=(*steps, ("time", f"{reason} until {until}")),
    )


def _limits(candidate: Candidate) -> list[tuple[str, RateLimit, str]]:
    """Every limit that counts here: the topic's, and the channel's across all topics."""
    named = [(candidate.topic.id, candidate.topic.limit)] if candidate.topic else []
    named.append((EVERY_TOPIC, candidate.overall))
    return [
        (f"{name}#{candidate.channel.name}", RateLimit(limit["count"], limit["per_seconds"]), limit["overflow"])
        for name, limit in named
        if limit is not None
    ]
