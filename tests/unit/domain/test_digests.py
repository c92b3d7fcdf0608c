"""When windows close, by the reader's wall clock, also in the nights in which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.domain.digests.gathering import Frequency, Gathering
from fanfare.domain.digests.windows import Group

EVENING = {"days": ["mon", "tue", "wed", "thu", "fri"], "at": "18:00"}


def gathering(**fields: Any) -> Gathering:
    return Gathering(**{"template": "digest", "every": EVENING} | fields)


def closes(now: str, zone: str | None, every: dict[str, Any] = EVENING, frequency: str = "digest") -> str:
    profile = {"time_zone": zone} if zone else {}
    moment = datetime.fromisoformat(now).astimezone(UTC)
    found = gathering(every=every, day="wed", zone="Europe/Vienna").closes_at(Frequency(frequency), profile, moment)
    assert found.tzinfo is UTC
    return found.isoformat()


def test_seconds_count_from_the_first_item() -> None:
    assert closes("2027-01-01T08:00:00+00:00", None, {"seconds": 300}) == "2027-01-01T08:05:00+00:00"


@pytest.mark.parametrize(
    ("now", "zone", "until"),
    [
        ("2027-01-01T16:59:59+00:00", "Europe/Vienna", "2027-01-01T17:00:00+00:00"),  # a Friday
        ("2027-01-01T17:00:00+00:00", "Europe/Vienna", "2027-01-04T17:00:00+00:00"),  # the Monday after
        ("2027-01-01T17:00:00+00:00", None, "2027-01-04T17:00:00+00:00"),  # as in the deployment's zone
        ("2027-01-01T17:00:00+00:00", "America/New_York", "2027-01-01T23:00:00+00:00"),
        ("2027-01-01T17:00:00+00:00", "Pacific/Auckland", "2027-01-04T05:00:00+00:00"),
    ],
)
def test_a_time_of_day_is_the_readers(now: str, zone: str | None, until: str) -> None:
    assert closes(now, zone) == until


def test_daily_is_every_day_and_weekly_one_day_at_the_time_of_the_topic() -> None:
    friday_night = "2027-01-01T20:00:00+00:00"
    assert closes(friday_night, "UTC", frequency="daily") == "2027-01-02T18:00:00+00:00"
    assert closes(friday_night, "UTC", frequency="weekly") == "2027-01-06T18:00:00+00:00"
    assert closes(friday_night, "UTC", {"seconds": 60}, frequency="daily") == "2027-01-02T18:00:00+00:00"


@pytest.mark.parametrize(
    ("zone", "now", "at", "until"),
    [
        # skipped: the clocks go from 02:00 to 03:00, at Lord Howe to 02:30
        ("Europe/Vienna", "2027-03-28T00:30:00+00:00", "02:30", "2027-03-28T01:00:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:00:00+00:00", "02:15", "2026-10-03T15:30:00+00:00"),
        # the day after has the new offset
        ("Europe/Vienna", "2027-03-28T16:00:00+00:00", "18:00", "2027-03-29T16:00:00+00:00"),
        # comes twice: the first
        ("Europe/Vienna", "2026-10-24T23:00:00+00:00", "02:30", "2026-10-25T00:30:00+00:00"),
        ("Australia/Lord_Howe", "2027-04-03T14:00:00+00:00", "01:45", "2027-04-03T14:45:00+00:00"),
        # between the two: it is over for today
        ("Europe/Vienna", "2026-10-25T00:45:00+00:00", "02:30", "2026-10-26T01:30:00+00:00"),
        # Casablanca: back for Ramadan, forward after it, and back for good
        ("Africa/Casablanca", "2026-02-15T00:00:00+00:00", "02:30", "2026-02-15T01:30:00+00:00"),
        ("Africa/Casablanca", "2026-03-22T01:00:00+00:00", "02:30", "2026-03-22T02:00:00+00:00"),
        ("Africa/Casablanca", "2026-09-19T16:00:00+00:00", "18:00", "2026-09-19T17:00:00+00:00"),
        ("Africa/Casablanca", "2026-09-20T16:00:00+00:00", "18:00", "2026-09-20T18:00:00+00:00"),
    ],
)
def test_it_is_right_in_the_nights_in_which_clocks_change(zone: str, now: str, at: str, until: str) -> None:
    every = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "at": at}
    assert closes(now, zone, every) == until


def test_a_choice_that_is_no_longer_offered_is_the_topics() -> None:
    offers = gathering(frequencies=("immediate", "daily"), frequency="immediate")
    assert [offers.frequency_of(each) for each in ("daily", "weekly", None)] == ["daily", "immediate", "immediate"]


@pytest.mark.parametrize(
    ("value", "key"), [("A", '"A"'), (1, "1"), (1.5, "1.5"), ("1", '"1"'), (True, None), (None, None), ([1], None)]
)
def test_a_key_is_a_string_or_a_number(value: Any, key: str | None) -> None:
    assert gathering(key="document").key_of({"document": value}) == key


def test_groups_differ_by_topic_channel_and_key() -> None:
    groups = [
        Group("ada", "news", "email"),
        Group("ada", "news", "push"),
        Group("ada", "new", "email"),
        Group("ada", "news", "email", '"1"'),
        Group("ada", "news", "email", "1"),
    ]
    assert len({group.name for group in groups}) == 5
