"""Filters and globals of the pages: times in the zone of whoever looks, numbers, durations, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from flask import request, url_for

UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Times:
    """Times in a zone; None: that of this machine, on which the operator sits."""

    zone: tzinfo | None = None

    def local(self, text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(self.zone)

    def when(self, text: str) -> str:
        """`2027-01-01T08:00:03.101Z` as `1 Jan 2027, 08:00:03`."""
        at = self.local(text)
        return f"{at.day} {at:%b %Y, %H:%M:%S}"

    def minute(self, text: str) -> str:
        """As `Fri 1 Jan 2027, 08:00`."""
        return written(self.local(text))

    def name(self) -> str:
        """E.g. `UTC`, or `CET (UTC+01:00)`."""
        now = datetime.now(UTC).astimezone(self.zone)
        offset = now.utcoffset() or timedelta()
        return "UTC" if not offset else f"{now:%Z} (UTC{f'{now:%z}'[:3]}:{f'{now:%z}'[3:]})"

    def utc(self, written: str) -> str:
        """What a form's `datetime-local` field says, as RFC 3339 in UTC. Raises ValueError."""
        at = datetime.fromisoformat(written)
        aware = at.replace(tzinfo=self.zone) if self.zone else at.astimezone()
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def written(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"


def number(value: int) -> str:
    """Digits grouped by thousands with thin spaces."""
    return f"{value:,}".replace(",", "\u202f")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 recipient`, `2 recipients`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def percent(part: int, whole: int) -> str:
    """`5 %`, `0.3 %`; what is not nothing is never shown as 0 or 100."""
    share = part * 100 / whole if whole else 0.0
    if part and share < 0.1:
        return "< 0.1 %"
    if part < whole and share > 99.9:
        return "> 99.9 %"
    return f"{share:.0f} %" if share >= 10 or share == int(share) else f"{share:.1f} %"


def duration(seconds: int) -> str:
    """`86400` as `1 day`, `5400` as `1 hour 30 minutes`."""
    found = []
    for name, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            found.append(plural(count, name))
    return " ".join(found) or "0 seconds"


PARTS: Final = {"W": "week", "D": "day", "H": "hour", "M": "minute", "S": "second"}


def duration_of(text: str) -> str:
    """A duration as the API writes it: `PT1H30M` as `1 hour 30 minutes`."""
    return " ".join(plural(int(count), PARTS[name]) for count, name in re.findall(r"(\d+)([WDHMS])", text))


def per(limit: Mapping[str, Any]) -> str:
    """A rate limit: `2 per day`, `5 in 90 minutes`."""
    seconds = limit["per_seconds"]
    for name, size in UNITS:
        if seconds == size:
            return f"{number(limit['count'])} per {name}"
    return f"{number(limit['count'])} in {duration(seconds)}"


def sentence(text: str) -> str:
    """With a capital letter at the start and one period at the end."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def listed(parts: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def here(**query: str | None) -> str:
    """The URL of this page with the query changed; None removes a parameter."""
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **request.args, **query})


FILTERS: Final = {
    "number": number,
    "sentence": sentence,
    "duration": duration,
    "per": per,
    "listed": listed,
}
