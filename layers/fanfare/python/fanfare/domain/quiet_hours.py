"""Quiet hours, in the user's time zone: only critical messages are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from fanfare.time_zones import first_moment, zone_or_utc


def quiet_until(profile: Mapping[str, Any], now: datetime) -> datetime | None:
    """The end (UTC) of the user's quiet hours if `now` is within them, else None.

    The end is wall-clock time: when the clocks change, it is an hour of real time earlier or later. If the clock skips
    the end, the end is the moment of the change.
    """
    hours = profile.get("quiet_hours")
    if not hours:
        return None
    start, end = time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])
    where = zone_or_utc(hours.get("time_zone") or profile.get("time_zone"))
    local = now.astimezone(where)
    wall = local.time()
    if start == end:
        return None
    over_midnight = start > end
    quiet = (wall >= start or wall < end) if over_midnight else start <= wall < end
    if not quiet:
        return None
    date = local.date() + timedelta(days=1) if over_midnight and wall >= start else local.date()
    ends = first_moment(datetime.combine(date, end), where)
    if ends <= now:  # this hour comes twice on the wall clock: use the second
        ends = datetime.combine(date, end, tzinfo=where).replace(fold=1).astimezone(UTC)
    return ends if ends > now else None
