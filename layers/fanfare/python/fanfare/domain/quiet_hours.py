"""Quiet hours, in the user's time zone: only critical messages are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def quiet_until(profile: Mapping[str, Any], now: datetime) -> datetime | None:
    """The end (UTC) of the user's quiet hours if `now` is within them, else None.

    The end is wall-clock time: when the clocks change, it is an hour of real time earlier or later. If the clock skips
    the end, the end is the moment of the change.
    """
    hours = profile.get("quiet_hours")
    if not hours:
        return None
    start, end = time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])
    local = now.astimezone(_zone(profile.get("time_zone")))
    wall = local.time()
    if start == end:
        return None
    over_midnight = start > end
    quiet = (wall >= start or wall < end) if over_midnight else start <= wall < end
    if not quiet:
        return None
    date = local.date() + timedelta(days=1) if over_midnight and wall >= start else local.date()
    ends = datetime.combine(date, end, tzinfo=local.tzinfo).astimezone(UTC)
    if ends <= now:  # this hour comes twice on the wall clock: use the second
        ends = datetime.combine(date, end, tzinfo=local.tzinfo).replace(fold=1).astimezone(UTC)
    return ends if ends > now else None


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
