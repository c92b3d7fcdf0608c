"""Who gets a message: one pure function, used wherever the question is asked.

The rules stand in the order of their precedence: the first that objects decides. Each is named, so
that an explanation can say which ones a user passed and which one stopped the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from .audience import User
from .catalogue import Topic
from .channels.base import AddressRefused, Channel
from .limits import Limit, next_turn, without_forgotten


class Action(StrEnum):
    DELIVER = "deliver"
    DEFER = "defer"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A user on one channel, and what the rules look at."""

    user: User | None
    channel: type[Channel]
    subscribed: bool
    topic: Topic | None
    critical: bool
    offered: bool  # the template has something for the channel


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do with a candidate. `limits` is what to store when the user is charged for it."""

    action: Action
    reason: str | None = None
    until: datetime | None = None
    limits: Mapping[str, Any] | None = None


Rule = Callable[[Candidate, datetime], Verdict | None]


def _skip(reason: str) -> Verdict:
    return Verdict(action=Action.SKIP, reason=reason)


def _known(candidate: Candidate, _now: datetime) -> Verdict | None:
    return _skip("unknown_user") if candidate.user is None else None


def _subscribed(candidate: Candidate, _now: datetime) -> Verdict | None:
    return None if candidate.subscribed else _skip("not_subscribed")


def _offered(candidate: Candidate, _now: datetime) -> Verdict | None:
    return None if candidate.offered else _skip("no_content")


def _reachable(candidate: Candidate, _now: datetime) -> Verdict | None:
    if candidate.user is None:
        return None
    try:
        candidate.channel.address(candidate.user.profile)
    except AddressRefused as refused:
        return _skip(refused.reason)
    return None


def _within_limit(candidate: Candidate, now: datetime) -> Verdict | None:
    user, topic = candidate.user, candidate.topic
    if user is None or topic is None or topic.limit is None or candidate.critical:
        return None
    name = f"{topic.id}#{candidate.channel.name}"
    limit = Limit(topic.limit["count"], topic.limit["per_seconds"])
    turn = next_turn(limit, user.limits.get(name), now.timestamp())
    limits = without_forgotten(user.limits, now.timestamp()) | {name: turn.counter}
    if turn.at <= now.timestamp():
        return Verdict(action=Action.DELIVER, limits=limits)
    if topic.limit["overflow"] == "drop":
        return _skip("rate_limited")
    until = datetime.fromtimestamp(turn.at, UTC)
    return Verdict(action=Action.DEFER, reason="rate_limited", until=until, limits=limits)


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("known", _known),
    ("subscription", _subscribed),
    ("content", _offered),
    ("address", _reachable),
    ("limit", _within_limit),
)


def decide(candidate: Candidate, now: datetime) -> Verdict:
    """What to do with a candidate at `now`. Pure: the same question has the same answer."""
    for _name, rule in RULES:
        verdict = rule(candidate, now)
        if verdict is not None:
            return verdict
    return Verdict(action=Action.DELIVER)
