"""The time before which a reader gets nothing on a channel: the message's, a wall-clock time of theirs, or a step's.

Until then the recipient waits in a deferred batch, as for the end of quiet hours. All rules apply again at that time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from fanfare.channels.reasons import Reason
from fanfare.clock import from_text
from fanfare.domain.audience import User
from fanfare.domain.message import Message
from fanfare.time_zones import first_moment, zone, zone_or_utc

# Offsets of the first and the last zone in which a wall-clock time comes: Pacific/Kiritimati, Etc/GMT+12
FIRST_ZONE: Final = timedelta(hours=14)
LAST_ZONE: Final = timedelta(hours=-12)
ZONES: Final = 1_024  # moments that are kept; there are some 600 zones


class Due(NamedTuple):
    """The earliest time for a recipient, and what it is."""

    at: datetime
    reason: Reason


def due_for(message: Message, user: User | None, channel: str, time_zone: str) -> Due | None:
    """When the reader gets it on the channel, if not at once. `time_zone`: of readers without one."""
    begin = _first_step(message, user, time_zone)
    step = message.later_step(channel)
    if step is None:
        return begin
    accepted = from_text(message.created_at)
    return Due(max(accepted, begin.at if begin else accepted) + timedelta(seconds=step.seconds), Reason.STEP)


def _first_step(message: Message, user: User | None, time_zone: str) -> Due | None:
    if message.send_local is None:
        return _scheduled(message.send_at) if message.send_at is not None else None
    zone_name = user.profile.get("time_zone") if user else None
    return Due(local_moment(message.send_local, zone_name, time_zone), Reason.LOCAL_TIME)


@lru_cache(ZONES)
def _scheduled(send_at: str) -> Due:
    return Due(from_text(send_at), Reason.SCHEDULED)


def earliest(wall: datetime) -> datetime:
    """The first moment at which a clock somewhere shows this time. `wall`: without a time zone."""
    return wall.replace(tzinfo=UTC) - FIRST_ZONE


def latest(wall: datetime) -> datetime:
    """The last moment at which a clock somewhere shows this time. `wall`: without a time zone."""
    return wall.replace(tzinfo=UTC) - LAST_ZONE


@lru_cache(ZONES)
def local_moment(wall: str, name: str | None, default: str) -> datetime:
    """The moment at which a clock in the zone of this name, or the default one, shows this time.

    The first one if it comes twice; if the clock skips it, the first moment after it.
    """
    return first_moment(datetime.fromisoformat(wall), (zone(name) if name else None) or zone_or_utc(default))
