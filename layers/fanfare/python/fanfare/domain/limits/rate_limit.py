"""Rate limits per user: at most `count` deliveries in any `per_seconds`, never more.

Deliveries are stored as counts per time slice, with at most `SLICES` slices per window, so the record stays small for
any `count`. A slice counts until its end has left the window, so a user may wait one slice longer than necessary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fanfare.data_classes import dataclass

SLICES: Final = 32

# One counter: [time when it can be removed, slice, count, slice, count, …]; times in epoch seconds
Counter = list[int]


@dataclass(frozen=True)
class RateLimit:
    """At most `count` deliveries in any `per_seconds`."""

    count: int
    per_seconds: int

    @property
    def slice_seconds(self) -> int:
        return max(1, self.per_seconds // SLICES)


@dataclass(frozen=True)
class Turn:
    """When a delivery may be sent (epoch seconds), and the counter including it."""

    at: float
    counter: Counter


def next_turn(limit: RateLimit, counter: Counter | None, now: float, *, not_before: float = 0.0) -> Turn:
    """The earliest moment, from `now` and `not_before` on, at which one more delivery is within the limit.

    Deliveries that are charged at a later time count if they may be in one window with it.
    """
    width = limit.slice_seconds
    numbers = counter or [0]
    spent = zip(numbers[1::2], numbers[2::2], strict=True)
    counts = {start: count for start, count in spent if start + width + limit.per_seconds > now}
    at = max(now, not_before)
    while True:
        first, last = at - width - limit.per_seconds, at + width + limit.per_seconds
        near = [start for start in counts if first < start < last]
        if sum(counts[start] for start in near) < limit.count:
            break
        at = max(at, min(near) + width + limit.per_seconds)  # the oldest has left the window
    slice_start = int(at) // width * width
    counts[slice_start] = counts.get(slice_start, 0) + 1
    return Turn(at, _counter(counts, limit))


def turn_again(limit: RateLimit, counter: Counter | None, own: Sequence[int], not_before: float) -> Turn:
    """The earliest moment, from `not_before` on, for a delivery that was already charged at the times `own`.

    Its own charges are ignored. So are later charges of other deliveries: these are checked again at their time and
    then count this one. If the moment is later than all times in `own`, a charge is added; old ones stay.
    """
    width = limit.slice_seconds
    numbers = counter or [0]
    counts = dict(zip(numbers[1::2], numbers[2::2], strict=True))
    own_slices = [int(at) // width * width for at in own]
    others = dict(counts)
    for start in own_slices:
        if others.get(start, 0) > 0:
            others[start] -= 1
    at = not_before
    while True:
        before = [start for start, n in others.items() if n and start <= at < start + width + limit.per_seconds]
        if sum(others[start] for start in before) < limit.count:
            break
        at = float(min(before) + width + limit.per_seconds)  # the oldest has left the window
    slice_start = int(at) // width * width
    if own_slices and slice_start <= max(own_slices):
        return Turn(at, numbers)
    counts = {start: n for start, n in counts.items() if start + width + limit.per_seconds > not_before}
    counts[slice_start] = counts.get(slice_start, 0) + 1
    return Turn(at, _counter(counts, limit))


def _counter(counts: Mapping[int, int], limit: RateLimit) -> Counter:
    forget = max(counts) + limit.slice_seconds + limit.per_seconds
    return [forget, *(number for pair in sorted(counts.items()) for number in pair)]


def without_forgotten(limits: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The counters that are not outdated."""
    return {name: counter for name, counter in limits.items() if counter[0] > now}
