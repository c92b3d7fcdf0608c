"""How much a user may get, exactly: at most `count` deliveries in any `per_seconds`.

What was delivered is kept as counts by slice of time, at most `SLICES` of them for a window, so the
record stays small however large `count` is. A slice counts until its end has left the window: a user
may wait a slice longer than needed, and never gets more than the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SLICES: Final = 32

# One counter: [when it can be forgotten, slice, count, slice, count, …], times in epoch seconds
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
    """When the next delivery may go, and the counter once it is counted there."""

    at: float
    counter: Counter


def next_turn(limit: RateLimit, counter: Counter | None, now: float, *, not_before: float = 0.0) -> Turn:
    """The earliest moment, at or after `now` and `not_before`, at which one more delivery is within the limit."""
    width = limit.slice_seconds
    numbers = counter or [0]
    spent = sorted(zip(numbers[1::2], numbers[2::2], strict=True))
    alive = [(start, count) for start, count in spent if start + width + limit.per_seconds > now]
    at = max(now, not_before)
    blocking = [(start, count) for start, count in alive if start + width + limit.per_seconds > at]
    total = sum(count for _, count in blocking)
    for start, count in blocking:  # let the oldest leave the window, one after the other
        if total < limit.count:
            break
        total -= count
        at = max(at, start + width + limit.per_seconds)
    slice_start = int(at) // width * width
    counts = dict(alive)
    counts[slice_start] = counts.get(slice_start, 0) + 1
    forget = max(counts) + width + limit.per_seconds
    return Turn(at, [forget, *(number for pair in sorted(counts.items()) for number in pair)])


def without_forgotten(limits: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The counters that still matter."""
    return {name: counter for name, counter in limits.items() if counter[0] > now}
