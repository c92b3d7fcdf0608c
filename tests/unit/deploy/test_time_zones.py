"""Which time zones a newer release of the database changes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

import pytest

from deploy.time_zones import changes

INSTALLED = Path(str(distribution("tzdata").locate_file("tzdata")))
NOW = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return shutil.copytree(INSTALLED, tmp_path / "tzdata")


def has_rules_of(package: Path, name: str, other: str) -> None:
    shutil.copyfile(package / "zoneinfo" / other, package / "zoneinfo" / name)


def test_a_release_that_changes_nothing_is_not_reported(newer: Path) -> None:
    has_rules_of(newer, "Europe/Oslo", "Europe/Berlin")  # they differ before 1980 only
    assert list(changes(INSTALLED, newer, since=NOW)) == []


def test_a_zone_whose_clocks_stop_changing_is_reported_with_the_first_hour_that_differs(newer: Path) -> None:
    has_rules_of(newer, "Europe/Vienna", "Etc/GMT-1")
    assert list(changes(INSTALLED, newer, since=NOW)) == ["Europe/Vienna: +2 h becomes +1 h from 2027-03-28 01:00 UTC"]


def test_a_zone_that_moves_at_once_is_reported_from_now_on(newer: Path) -> None:
    has_rules_of(newer, "Asia/Kathmandu", "Asia/Kolkata")
    assert list(changes(INSTALLED, newer, since=NOW)) == [
        "Asia/Kathmandu: +5.75 h becomes +5.5 h from 2026-11-28 05:00 UTC"
    ]


def test_zones_that_come_and_go_are_reported(newer: Path) -> None:
    listed = (newer / "zones").read_text().replace("Europe/Kyiv\n", "") + "Mars/Olympus\n"
    (newer / "zones").write_text(listed)
    assert list(changes(INSTALLED, newer, since=NOW)) == ["Europe/Kyiv: removed", "Mars/Olympus: new"]
