"""Quiet hours begin at their first minute and are over at their last, by the user's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.domain.quiet_hours import quiet_until

NIGHT = {"start": "22:00", "end": "07:00"}
NOON = {"start": "12:00", "end": "14:00"}


def at(day: int, clock: str) -> datetime:
    hour, minute, second = map(int, clock.split(":"))
    return datetime(2027, 1, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (NIGHT, at(15, "21:59:59"), None),
        (NIGHT, at(15, "22:00:00"), at(16, "07:00:00")),
        (NIGHT, at(15, "23:59:59"), at(16, "07:00:00")),
        (NIGHT, at(16, "00:00:00"), at(16, "07:00:00")),
        (NIGHT, at(16, "06:59:59"), at(16, "07:00:00")),
        (NIGHT, at(16, "07:00:00"), None),
        (NIGHT, at(16, "07:00:01"), None),
        (NIGHT, at(16, "12:00:00"), None),
        (NOON, at(15, "11:59:59"), None),
        (NOON, at(15, "12:00:00"), at(15, "14:00:00")),
        (NOON, at(15, "13:59:59"), at(15, "14:00:00")),
        (NOON, at(15, "14:00:00"), None),
        (NOON, at(15, "23:00:00"), None),
        ({"start": "00:00", "end": "07:00"}, at(15, "00:00:00"), at(15, "07:00:00")),
        ({"start": "22:00", "end": "00:00"}, at(15, "23:00:00"), at(16, "00:00:00")),
        ({"start": "08:00", "end": "08:00"}, at(15, "08:00:00"), None),
        (None, at(15, "23:00:00"), None),
    ],
)
def test_a_moment_is_quiet_until_the_end_or_not_at_all(
    hours: dict[str, str] | None, now: datetime, until: datetime | None
) -> None:
    assert quiet_until({"quiet_hours": hours}, now) == until


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../etc/passwd"])
def test_the_clock_of_a_user_whose_zone_is_not_known_is_utc(zone: str | None) -> None:
    profile: dict[str, Any] = {"quiet_hours": NIGHT, "time_zone": zone}
    assert quiet_until(profile, at(15, "22:00:00")) == at(16, "07:00:00")


def test_the_day_of_the_end_is_the_users_own() -> None:
    profile = {"quiet_hours": NIGHT, "time_zone": "Asia/Tokyo"}  # nine hours ahead
    assert quiet_until(profile, at(15, "13:00:00")) == at(15, "22:00:00")
    assert quiet_until(profile, at(15, "21:59:59")) == at(15, "22:00:00")
    assert quiet_until(profile, at(15, "22:00:00")) is None
