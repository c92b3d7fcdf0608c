"""Time zones are those of the pinned package, whatever database the machine has."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fanfare.domain.quiet_hours import quiet_until
from fanfare.schemas.scalars import TimeZone
from fanfare.time_zones import first_moment, names, zone
from pydantic import TypeAdapter, ValidationError

from tests.unit.test_locks import LAYER, PROJECT, pinned

PACKAGE = distribution("tzdata")
ALL = sorted(set(Path(str(PACKAGE.locate_file("tzdata/zones"))).read_text().split()) - {"Factory"})
MONTHS = [
    datetime(year, month, day, tzinfo=UTC) for year in (2026, 2027, 2028) for month in range(1, 13) for day in (1, 16)
]


@pytest.fixture(scope="module")
def outdated_zones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every zone is an hour ahead of UTC."""
    wrong = Path(str(PACKAGE.locate_file("tzdata/zoneinfo/Etc/GMT-1"))).read_bytes()
    folder = tmp_path_factory.mktemp("zoneinfo")
    for name in [*ALL, "localtime", "Factory"]:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(wrong)
    return folder


@pytest.fixture
def outdated_machine(outdated_zones: Path) -> Iterator[None]:
    """A machine on which every zone is an hour ahead of UTC."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(outdated_zones)])
    ZoneInfo.clear_cache()
    assert ZoneInfo("America/Vancouver").utcoffset(datetime(2026, 12, 1)) == timedelta(hours=1)  # noqa: DTZ001
    yield
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


@pytest.mark.usefixtures("outdated_machine")
def test_every_zone_has_the_offsets_of_the_pinned_package_in_every_month() -> None:
    assert PACKAGE.version == pinned(PROJECT)["tzdata"] == pinned(LAYER)["tzdata"]
    assert len(ALL) >= 597
    for name in ALL:
        with Path(str(PACKAGE.locate_file(f"tzdata/zoneinfo/{name}"))).open("rb") as data:
            right = ZoneInfo.from_file(data)
        ours = zone(name)
        assert ours is not None, name
        assert [ours.utcoffset(month) for month in MONTHS] == [right.utcoffset(month) for month in MONTHS], name


# Clocks whose rules changed in 2026. https://data.iana.org/time-zones/tzdb/NEWS, releases 2026a to 2026f
@pytest.mark.usefixtures("outdated_machine")
@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("America/Vancouver", datetime(2026, 12, 2, 14, 0, tzinfo=UTC)),  # stays on -07
        ("Canada/Pacific", datetime(2026, 12, 2, 14, 0, tzinfo=UTC)),  # the same place
        ("America/Edmonton", datetime(2026, 12, 2, 13, 0, tzinfo=UTC)),  # stays on -06
        ("America/Yellowknife", datetime(2026, 12, 2, 13, 0, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2026, 12, 2, 7, 0, tzinfo=UTC)),  # back on UTC
        ("Africa/El_Aaiun", datetime(2026, 12, 2, 7, 0, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 12, 2, 15, 0, tzinfo=UTC)),  # as before: -08
        ("Asia/Calcutta", datetime(2026, 12, 2, 1, 30, tzinfo=UTC)),  # an old name, as phones send it
        ("Europe/Kyiv", datetime(2026, 12, 2, 5, 0, tzinfo=UTC)),  # a new name
    ],
)
def test_quiet_hours_end_at_seven_by_the_present_rules_of_the_place(name: str, ends: datetime) -> None:
    profile: dict[str, Any] = {"quiet_hours": {"start": "22:00", "end": "07:00"}, "time_zone": name}
    assert quiet_until(profile, ends - timedelta(minutes=1)) == ends
    assert quiet_until(profile, ends) is None


# What the clocks of a place skip, with the moment of the change. https://data.iana.org/time-zones/tzdb/
@pytest.mark.parametrize(
    ("name", "day", "end", "change"),
    [
        ("Europe/Vienna", (2026, 3, 29), "02:30", "2026-03-29T01:00Z"),  # 02:00 → 03:00
        ("Europe/Vienna", (2026, 3, 29), "02:00", "2026-03-29T01:00Z"),
        ("Europe/Vienna", (2026, 3, 29), "02:59", "2026-03-29T01:00Z"),
        ("Europe/Vienna", (2026, 3, 29), "03:00", "2026-03-29T01:00Z"),  # the first that is not skipped
        ("Europe/Vienna", (2026, 3, 29), "01:59", "2026-03-29T00:59Z"),  # the last before
        ("America/New_York", (2026, 3, 8), "02:30", "2026-03-08T07:00Z"),
        ("Africa/Cairo", (2026, 4, 24), "00:30", "2026-04-23T22:00Z"),  # the day begins at 01:00
        ("America/Santiago", (2026, 9, 6), "00:30", "2026-09-06T04:00Z"),
        ("Asia/Beirut", (2026, 3, 29), "00:00", "2026-03-28T22:00Z"),
        ("Australia/Lord_Howe", (2026, 10, 4), "02:15", "2026-10-03T15:30Z"),  # half an hour
        ("Antarctica/Troll", (2026, 3, 29), "02:30", "2026-03-29T01:00Z"),  # two hours, 01:00 → 03:00
        ("Antarctica/Troll", (2026, 3, 29), "01:00", "2026-03-29T01:00Z"),
    ],
)
def test_an_end_of_quiet_hours_that_the_clock_skips_is_the_moment_of_the_change(
    name: str, day: tuple[int, int, int], end: str, change: str
) -> None:
    where = zone(name)
    assert where is not None
    hour, minute = map(int, end.split(":"))
    expected = datetime.fromisoformat(change)
    assert first_moment(datetime(*day, hour, minute), where) == expected  # noqa: DTZ001 - a wall clock
    profile: dict[str, Any] = {"quiet_hours": {"start": "22:00", "end": end}, "time_zone": name}
    assert quiet_until(profile, expected - timedelta(minutes=1)) == expected
    assert quiet_until(profile, expected) is None  # what is sent at the change does not overtake what waits for it


def test_a_time_that_the_clock_shows_twice_is_the_first() -> None:
    vienna = zone("Europe/Vienna")
    assert vienna is not None
    assert first_moment(datetime(2026, 10, 25, 2, 30), vienna) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # noqa: DTZ001


@pytest.mark.usefixtures("outdated_machine")
@pytest.mark.parametrize(
    "name",
    ["localtime", "Factory", "posixrules", "posix/UTC", "right/UTC", "europe/vienna", "+02:00", "CEST", "", "../zones"],
)
def test_what_is_no_place_is_no_time_zone(name: str) -> None:
    assert name not in names()
    assert zone(name) is None
    with pytest.raises(ValidationError, match=r"IANA time zone name, e\.g\. Europe/Vienna"):
        TypeAdapter(TimeZone).validate_python(name)


@pytest.mark.parametrize("name", ["Europe/Vienna", "UTC", "Etc/GMT+1", "EST5EDT", "US/Pacific", "Asia/Calcutta"])
def test_every_other_name_of_the_database_is_one(name: str) -> None:
    assert TypeAdapter(TimeZone).validate_python(name) == name
