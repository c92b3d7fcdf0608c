"""Moments as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from fanfare.clock import from_text, to_text

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2027, 1, 1, 8, tzinfo=UTC), "2027-01-01T08:00:00.000Z"),
        (datetime(2027, 1, 1, 8, 0, 0, 999_999, tzinfo=UTC), "2027-01-01T08:00:00.999Z"),
        (datetime(2027, 1, 1, 8, tzinfo=timezone(timedelta(hours=5, minutes=45))), "2027-01-01T02:15:00.000Z"),
        # the hour that comes twice: Python takes its two moments for equal
        (datetime(2026, 10, 25, 2, 30, tzinfo=VIENNA), "2026-10-25T00:30:00.000Z"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=VIENNA), "2026-10-25T01:30:00.000Z"),
    ],
)
def test_a_moment_is_stored_in_utc(moment: datetime, text: str) -> None:
    assert to_text(moment) == text
    assert to_text(from_text(text)) == text
