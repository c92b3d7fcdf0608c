"""Whether a user may get a message on a channel now: one pure function, `decide`.

The fan-out, later attempts, dry runs and explanations call it. Rules are in order of precedence: the first one that
does not pass is the reason. Each has a name, so an explanation can show which rules passed and which one did not.

    known > suppressed > opted out > subscribed > content > address > expired > step > digest > quiet hours > limit

Users can't refuse a `required` topic: it passes the rules on opt-outs and subscriptions. While a recipient waits for a
later step, what the user may change until then is not asked: see `WHEN_DUE`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from fanfare.channels.base import AddressRefused, Channel
from fanfare.channels.reasons import Reason
from fanfare.clock import to_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Topic
from fanfare.domain.digests.gathering import Gathering
from fanfare.domain.digests.windows import NO_WINDOW, Current, Group
from fanfare.domain.limits.applied import AppliedLimit, Overflow, limits_of
from fanfare.domain.limits.rate_limit import Turn, next_turn, turn_again, without_forgotten
from fanfare.domain.quiet_hours import quiet_until
from fanfare.domain.schedule import Due

ROUNDS: Final = 10  # at the end of quiet hours a limit may apply, and the next free moment may be in quiet hours again
# Seconds. Due times are rounded up to a slot, so recipients share batches; short waits have short slots.
SLOT: Final = 60
SHORT_SLOT: Final = 5
SHORT_WAIT: Final = 300


class Action(StrEnum):
    DELIVER = "deliver"
    DEFER = "defer"
    SKIP = "skip"
    DIGEST = "digest"  # it goes into the reader's window


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Input of the rules: a user on one channel at a time.

    `named`: the service named the user in a message without a topic, so there is no topic to refuse. `ends_at`: after
    this time nothing of the message is sent. `keep_until`: the latest time to which a delivery can be deferred.

    `time_decided`: quiet hours and limits were checked a moment ago and are not checked again. `charged`: times (epoch
    seconds) at which this delivery was charged against the limits before; None for the first decision. A charge stays
    valid for `patience` seconds. `erased`: this recipient was erased since. `due`: before
    that time the recipient gets nothing, not even of a critical message. `needed`: no earlier step has made this one
    needless. `gathering`: how the topic makes digests, if this message can go into one; `is_digest`: no limit drops it.
    """

    user: User | None
    channel: type[Channel]
    now: datetime
    subscribed: bool
    topic: Topic | None
    critical: bool
    offered: bool  # the template has content for the channel
    overall: Mapping[str, Any] | None = None  # the channel's limit across all topics, in the form of a topic's limit
    countries: Collection[str] | None = None  # to which the deployment sends texts; None: to all
    named: bool = False
    ends_at: datetime | None = None
    keep_until: datetime | None = None
    time_decided: bool = False
    charged: Sequence[int] | None = None
    patience: float = 0.0
    erased: bool = False
    due: Due | None = None
    needed: bool = True
    gathering: Gathering | None = None
    frequency: str | None = None  # as the reader chose
    group: Group | None = None
    current: Current = NO_WINDOW  # of the group
    is_digest: bool = False

    @property
    def awaits_step(self) -> bool:
        """Whether it is for a later step that is not due yet."""
        return self.due is not None and self.due.reason is Reason.STEP and self.due.at > self.now

    @property
    def gathers(self) -> bool:
        """Whether it can go into a digest now."""
        waits = self.due is not None and self.due.at > self.now
        return self.gathering is not None and not waits and self.user is not None and not self.user.by_address

    @property
    def over(self) -> bool:
        """Whether the message has ended, for all its recipients."""
        return self.ends_at is not None and self.ends_at <= self.now


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do with a candidate. `limits`: the user's new counters, if the delivery is to be charged."""

    action: Action
    reason: Reason | None = None
    until: datetime | None = None
    limits: Mapping[str, Any] | None = None
    steps: tuple[tuple[str, str], ...] = field(default=(), compare=False)  # rule → `passed` or the reason


Rule = Callable[[Candidate], Reason | None]


def _known(candidate: Candidate) -> Reason | None:
    if candidate.erased:
        return Reason.ERASED
    return Reason.UNKNOWN_USER if candidate.user is None else None


def _not_suppressed(candidate: Candidate) -> Reason | None:
    cause = candidate.user.suppressed.get(candidate.channel.name) if candidate.user else None
    return Reason.suppressed(cause) if cause else None


def _opted_in(candidate: Candidate) -> Reason | None:
    by_address = candidate.user is not None and candidate.user.by_address
    if (candidate.named and not by_address) or (candidate.topic is not None and candidate.topic.required):
        return None  # the user can't refuse it
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
        address = (candidate.user or NOBODY).address(candidate.channel)
    except AddressRefused as refused:
        return refused.reason
    return candidate.channel.refused(address, countries=candidate.countries)


def _not_expired(candidate: Candidate) -> Reason | None:
    return Reason.EXPIRED if candidate.over else None


def _needed(candidate: Candidate) -> Reason | None:
    return None if candidate.needed else Reason.NOT_NEEDED


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("known", _known),
    ("suppression", _not_suppressed),
    ("opt_out", _opted_in),
    ("subscription", _subscribed),
    ("content", _offered),
    ("address", _reachable),
    ("expiry", _not_expired),
    ("step", _needed),
)
WHEN_DUE: Final = frozenset({"suppression", "opt_out", "subscription", "step"})  # rules not asked before a later step


def decide(candidate: Candidate) -> Verdict:
    """What to do with a candidate. Pure: the same input has the same result."""
    steps: list[tuple[str, str]] = []
    for name, rule in RULES:
        if candidate.awaits_step and name in WHEN_DUE:
            steps.append((name, "when_due"))
            continue
        reason = rule(candidate)
        steps.append((name, reason or "passed"))
        if reason is not None:
            return Verdict(action=Action.SKIP, reason=reason, steps=tuple(steps))
    if candidate.critical or candidate.time_decided or candidate.awaits_step or candidate.user is None:
        return _untimed(candidate, steps)
    return _gathered(candidate, candidate.user, steps) or _timed(candidate, candidate.user, steps)


def _gathered(candidate: Candidate, user: User, steps: Sequence[tuple[str, str]]) -> Verdict | None:
    """The verdict on a message that goes into a digest whatever the limits; None for others."""
    gathering = candidate.gathering
    if gathering is None or not candidate.gathers:
        return None
    closes = gathering.until(candidate.frequency, candidate.current, user.profile, candidate.now)
    return _in_digest(candidate, closes, steps) if closes is not None else None


def _in_digest(
    candidate: Candidate, closes: datetime, steps: Sequence[tuple[str, str]], reason: Reason | None = None
) -> Verdict:
    """The verdict on a message that goes into the digest that closes then, which must be before the message's end."""
    step = ("digest", f"in the digest that closes at {to_text(closes)}")
    if candidate.ends_at is not None and closes > candidate.ends_at:
        return Verdict(action=Action.SKIP, reason=Reason.EXPIRED, steps=(*steps, step))
    return Verdict(action=Action.DIGEST, reason=reason, until=closes, steps=(*steps, step))


@dataclass(frozen=True)
class _Moment:
    """When a delivery may be sent (epoch seconds), and the reason if not now. `overflow`: it is over this limit."""

    at: float
    reason: Reason | None = None
    overflow: Overflow = Overflow.DEFER

    @property
    def ends(self) -> bool:
        """Whether it is never sent alone."""
        return self.overflow is not Overflow.DEFER


def _untimed(candidate: Candidate, steps: Sequence[tuple[str, str]]) -> Verdict:
    """The verdict without quiet hours and limits."""
    moment = _begin(candidate)
    if _after_the_end(candidate, moment):
        return _too_late(moment, steps)
    if moment.reason is None:
        why = "critical" if candidate.critical else "decided"
        return Verdict(action=Action.DELIVER, steps=(*steps, ("time", why)))
    until = datetime.fromtimestamp(moment.at, UTC)
    waits = ("time", f"{moment.reason} until {until}")
    return Verdict(action=Action.DEFER, reason=moment.reason, until=until, steps=(*steps, waits))


def _too_late(moment: _Moment, steps: Sequence[tuple[str, str]]) -> Verdict:
    too_late = ("time", f"{moment.reason} until {datetime.fromtimestamp(moment.at, UTC)}, after the message's end")
    return Verdict(action=Action.SKIP, reason=Reason.EXPIRED, steps=(*steps, too_late))


def _begin(candidate: Candidate) -> _Moment:
    """Now, or the time of the recipient if that is to come."""
    if candidate.due is None or candidate.due.at <= candidate.now:
        return _Moment(candidate.now.timestamp())
    return _Moment(candidate.due.at.timestamp(), candidate.due.reason)


def _timed(candidate: Candidate, user: User, steps: Sequence[tuple[str, str]]) -> Verdict:
    """The verdict by time: after quiet hours, and within all limits."""
    gathering = candidate.gathering if candidate.gathers else None
    limits = limits_of(
        user,
        candidate.channel.name,
        candidate.topic,
        candidate.overall,
        is_digest=candidate.is_digest,
        gathers=gathering is not None,
    )
    moment = _first_moment(candidate, user, limits)
    if moment.overflow is Overflow.DIGEST and gathering is not None:
        closes = gathering.rest_until(candidate.current, user, candidate.channel.name, candidate.now)
        return _in_digest(candidate, closes, (*steps, ("limit", str(moment.reason))), moment.reason)
    if moment.ends:
        return Verdict(action=Action.SKIP, reason=moment.reason, steps=(*steps, ("limit", str(moment.reason))))
    if _after_the_end(candidate, moment):
        return _too_late(moment, steps)
    if moment.reason is None:
        charged = _charged(candidate, user, limits, moment.at)
        return Verdict(action=Action.DELIVER, limits=charged, steps=(*steps, ("time", "passed")))
    if candidate.keep_until is not None and moment.at > candidate.keep_until.timestamp():
        too_long = ("time", f"{moment.reason} for too long")
        return Verdict(action=Action.SKIP, reason=moment.reason, steps=(*steps, too_long))
    until = datetime.fromtimestamp(moment.at, UTC)
    return Verdict(
        action=Action.DEFER,
        reason=moment.reason,
        until=until,
        limits=_charged(candidate, user, limits, moment.at),
        steps=(*steps, ("time", f"{moment.reason} until {until}")),
    )


def _first_moment(candidate: Candidate, user: User, limits: Sequence[AppliedLimit]) -> _Moment:
    """The first moment outside quiet hours and within all limits, or one after the message's end.

    If none is found in `ROUNDS` rounds, the last moment tried is returned: the delivery is deferred, and the rules
    apply again at that time.
    """
    present = candidate.now.timestamp()
    moment = _begin(candidate)
    for _ in range(ROUNDS):
        awake = _after_quiet_hours(user, moment)
        if _after_the_end(candidate, awake):
            return awake
        later = _within(limits, candidate, awake)
        if later.ends or later.at == moment.at:
            return later
        moment = _rounded(later, present)
    return moment


def _after_the_end(candidate: Candidate, moment: _Moment) -> bool:
    """Whether the message has expired by then. The end of its retention is a limit of its own: `keep_until`."""
    if moment.reason is None or candidate.ends_at is None or candidate.ends_at == candidate.keep_until:
        return False
    return moment.at >= candidate.ends_at.timestamp()


def _after_quiet_hours(user: User, moment: _Moment) -> _Moment:
    quiet = quiet_until(user.profile, datetime.fromtimestamp(moment.at, UTC))
    return moment if quiet is None else _Moment(quiet.timestamp(), Reason.QUIET_HOURS)


def _within(limits: Sequence[AppliedLimit], candidate: Candidate, moment: _Moment) -> _Moment:
    """The first moment, from this one on, that is within all limits."""
    for limit in limits:
        turn = _turn(limit, candidate, moment.at)
        if turn.at > moment.at:
            moment = _Moment(turn.at, Reason.RATE_LIMITED, limit.overflow)
        if moment.ends:
            break
    return moment


def _rounded(moment: _Moment, present: float) -> _Moment:
    """The moment rounded up to a slot; the rounded time is the one that is charged."""
    slot = SHORT_SLOT if moment.at - present < SHORT_WAIT else SLOT
    return _Moment(-(-moment.at // slot) * slot, moment.reason)


def _turn(limit: AppliedLimit, candidate: Candidate, at: float) -> Turn:
    present = candidate.now.timestamp()
    if candidate.charged is None:
        return next_turn(limit.limit, limit.counter, present, not_before=at)
    last = max(candidate.charged, default=0)
    if at == present and 0 <= present - last <= candidate.patience:
        in_time = turn_again(limit.limit, limit.counter, candidate.charged, last)
        if in_time.at == last:  # its charged time has just come
            return Turn(at, in_time.counter)
    return turn_again(limit.limit, limit.counter, candidate.charged, at)


def _charged(candidate: Candidate, user: User, limits: Sequence[AppliedLimit], at: float) -> Mapping[str, Any] | None:
    """The user's counters including this delivery; None if no limit applies or it is charged already."""
    turns = {limit.name: _turn(limit, candidate, at).counter for limit in limits}
    if all((limit.counter or [0]) == turns[limit.name] for limit in limits):
        return None
    return without_forgotten(user.limits, candidate.now.timestamp()) | turns
