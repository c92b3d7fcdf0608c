"""Digests: which items go together into one message of a reader, and when it leaves.

A window gathers the items of one reader on one topic, channel and key. It begins with its first item and is closed
once. Times of day are the reader's wall clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from fanfare.clock import from_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.digests.windows import Current
from fanfare.time_zones import first_moment, zone_or_utc

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AT: Final = "18:00"  # of `daily` and `weekly`, if the topic names no time


class Frequency(StrEnum):
    """How often messages of a topic come."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"  # as the topic says
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """How a topic gathers messages into digests. `every`: {"days", "at"} or {"seconds"}.

    `overflows`: what is over its limit goes into a digest. `zone`: of readers without a time zone.
    """

    template: str
    every: Mapping[str, Any]
    key: str | None = None  # name of the data that tell windows of a reader apart
    day: str = DAYS[0]  # of `weekly`
    frequency: str = Frequency.DIGEST  # of readers who have not chosen
    frequencies: tuple[str, ...] = (Frequency.DIGEST,)
    overflows: bool = False
    zone: str = "UTC"

    def frequency_of(self, chosen: str | None) -> Frequency:
        """The reader's choice, as long as the topic offers it."""
        return Frequency(chosen if chosen in self.frequencies else self.frequency)

    def closes_at(
        self, frequency: Frequency, profile: Mapping[str, Any], now: datetime, *, at: str | None = None
    ) -> datetime:
        """When a window that begins now closes; `at`: the time of day, if not the topic's."""
        if frequency is Frequency.DIGEST and "seconds" in self.every:
            return now + timedelta(seconds=self.every["seconds"])
        days = {Frequency.DAILY: DAYS, Frequency.WEEKLY: (self.day,)}.get(frequency) or self.every["days"]
        moment_of_day = time.fromisoformat(at or self.every.get("at", AT))
        where = zone_or_utc(profile.get("time_zone") or self.zone)
        today = now.astimezone(where).date()
        dates = (today + timedelta(days=ahead) for ahead in range(len(DAYS) + 1))
        moments = (
            first_moment(datetime.combine(date, moment_of_day), where) for date in dates if DAYS[date.weekday()] in days
        )
        return next(moment for moment in moments if moment > now)

    def until(self, chosen: str | None, current: Current, profile: Mapping[str, Any], now: datetime) -> datetime | None:
        """When the reader's window closes; None if messages go to this reader at once."""
        frequency = self.frequency_of(chosen)
        if frequency is Frequency.IMMEDIATE:
            return None
        return from_text(current.window.closes_at) if current.window else self.closes_at(frequency, profile, now)

    def takes_rest(self, user: User, channel: str) -> bool:
        """Whether what is over a limit goes into a digest: the topic's, or the user's own ceiling."""
        return self.overflows or user.at_most(channel) is not None

    def rest_until(self, current: Current, user: User, channel: str, now: datetime) -> datetime:
        """When the window closes that gathers what is over a limit: daily at their hour for who has a ceiling."""
        if current.window:
            return from_text(current.window.closes_at)
        if user.at_most(channel) is None:
            return self.closes_at(Frequency.DIGEST, user.profile, now)
        return self.closes_at(Frequency.DAILY, user.profile, now, at=user.preferences.get("digest_at"))

    def key_of(self, data: Mapping[str, Any]) -> str | None:
        """The value of the key, as JSON; None if the data have none."""
        value = data.get(self.key) if self.key is not None else None
        known = isinstance(value, str | int | float) and not isinstance(value, bool)
        return json.dumps(value, ensure_ascii=False) if known else None
