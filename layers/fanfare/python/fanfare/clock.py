"""Time, as an argument. Stored and shown as RFC 3339 in UTC with milliseconds, so text sorts as time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present, with the resolution that is stored."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds: `2027-01-01T08:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """The moment that `to_text` wrote."""
    return datetime.fromisoformat(text)
