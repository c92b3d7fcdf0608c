"""Time is passed as an argument. It is stored as RFC 3339 text in UTC with milliseconds, so text sorts by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds: `2027-01-01T08:00:00.000Z`."""
    return _text(moment.astimezone(UTC))  # in other zones, two moments of an hour that comes twice are equal


@lru_cache(maxsize=64)  # an event has one present, and writes it for each of its messages
def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Parse the result of `to_text`."""
    return datetime.fromisoformat(text)
