"""Time zones, from the pinned package `tzdata` and never from the machine, whose database may be years old.

`zoneinfo.ZoneInfo(name)` reads the machine's files first. With those of 2025 America/Vancouver is an hour off in every
winter from 2026 on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

# Not the time of a place: "local time zone must be set", and whatever the machine has. https://github.com/eggert/tz
NO_PLACE: Final = frozenset({"Factory", "localtime"})
SECOND: Final = timedelta(seconds=1)


@cache
def names() -> frozenset[str]:
    """All time zones of the package."""
    return frozenset((_package() / "zones").read_text(encoding="ascii").split()) - NO_PLACE


@cache
def zone(name: str) -> ZoneInfo | None:
    """The time zone of this name; None if there is none."""
    if name not in names():
        return None
    with (_package() / "zoneinfo" / name).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def zone_or_utc(name: str | None) -> ZoneInfo:
    """The time zone of this name, or UTC: stored names may be older than the package."""
    found = zone(name or "UTC") or zone("UTC")
    assert found is not None, "the package tzdata has UTC"
    return found


def first_moment(wall: datetime, where: ZoneInfo) -> datetime:
    """The first moment (UTC) at which a clock there shows this time, or a later one if it skips this time.

    `wall`: without a time zone.
    """
    before = wall.replace(tzinfo=where, fold=0).astimezone(UTC)  # by the offset before a change of the clock
    after = wall.replace(tzinfo=where, fold=1).astimezone(UTC)  # by the offset after it
    if before <= after:
        return before
    # Skipped (PEP 495): the change is after `after` and not after `before`.
    new = before.astimezone(where).utcoffset()
    while before - after > SECOND:
        middle = after + (before - after) // 2
        if middle.astimezone(where).utcoffset() == new:
            before = middle
        else:
            after = middle
    return before.replace(microsecond=0)


@cache
def _package() -> Path:
    found = find_spec("tzdata")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("The package tzdata is not installed; it has the time zones.", name="tzdata")
    return Path(found.submodule_search_locations[0])
