"""A message at a wall-clock time comes at another moment to each reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fanfare.channels.reasons import Reason
from fanfare.domain.eligibility import Action
from fanfare.domain.limits import rate_limit
from fanfare.domain.limits.rate_limit import RateLimit
from fanfare.domain.schedule import Due, earliest, latest, local_moment
from fanfare.time_zones import names

from tests.unit.domain.test_eligibility import ask, candidate, topic, verdict

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
NINE = datetime(2027, 1, 16, 9, 0, tzinfo=UTC)
ONE_AN_HOUR = {"count": 1, "per_seconds": 3600, "overflow": "defer"}


@pytest.mark.parametrize(
    ("wall", "zone", "moment"),
    [
        ("2027-01-01T09:00", "Europe/Vienna", "2027-01-01T08:00:00Z"),
        ("2027-01-01T09:00:30", "Pacific/Kiritimati", "2026-12-31T19:00:30Z"),
        ("2027-01-01T09:00", "Etc/GMT+12", "2027-01-01T21:00:00Z"),
        ("2027-01-01T09:00", None, "2027-01-01T14:00:00Z"),  # the deployment's
        ("2027-01-01T09:00", "Mars/Olympus", "2027-01-01T14:00:00Z"),
        ("2027-03-28T02:30", "Europe/Vienna", "2027-03-28T01:00:00Z"),  # skipped: the first after it
        ("2027-10-31T02:30", "Europe/Vienna", "2027-10-31T00:30:00Z"),  # twice: the first
        ("2027-04-04T01:45", "Australia/Lord_Howe", "2027-04-03T14:45:00Z"),  # half an hour comes twice
        ("2027-10-03T02:10", "Australia/Lord_Howe", "2027-10-02T15:30:00Z"),
        ("2025-02-23T02:30", "Africa/Casablanca", "2025-02-23T01:30:00Z"),  # before Ramadan, that hour came twice
        ("2025-04-06T02:30", "Africa/Casablanca", "2025-04-06T02:00:00Z"),  # and after it, it was skipped
    ],
)
def test_the_moment_of_a_wall_clock_time(wall: str, zone: str | None, moment: str) -> None:
    assert local_moment(wall, zone, "America/New_York") == datetime.fromisoformat(moment)


@pytest.mark.parametrize("wall", ["2027-01-01T09:00", "2027-03-28T02:30", "2027-07-04T00:00", "2027-10-31T02:30"])
def test_in_no_zone_does_it_come_earlier_than_the_first_or_later_than_the_last(wall: str) -> None:
    moments = [local_moment(wall, name, "UTC") for name in names()]
    at = datetime.fromisoformat(wall)
    assert earliest(at) <= min(moments)
    assert max(moments) <= latest(at)


def waiting(profile: dict[str, Any] | None = None, **fields: Any) -> Any:
    return candidate(profile, due=Due(NINE, Reason.LOCAL_TIME), **fields)


def test_a_reader_waits_for_the_time_and_then_gets_it() -> None:
    assert ask(waiting(), NOW) == verdict(Action.DEFER, "local_time", NINE)
    assert ask(waiting(), NINE - timedelta(seconds=1)) == verdict(Action.DEFER, "local_time", NINE)
    assert ask(waiting(), NINE) == verdict(Action.DELIVER)


def test_a_critical_message_waits_for_its_time_too() -> None:
    assert ask(waiting(critical=True), NOW) == verdict(Action.DEFER, "local_time", NINE)
    assert ask(waiting(critical=True), NINE) == verdict(Action.DELIVER)


def test_quiet_hours_of_that_time_are_waited_for_too() -> None:
    quiet = {"quiet_hours": {"start": "22:00", "end": "10:00"}}
    assert ask(waiting(quiet), NOW) == verdict(Action.DEFER, "quiet_hours", NINE + timedelta(hours=1))


@pytest.mark.parametrize("critical", [True, False])
def test_whose_time_comes_after_the_expiry_is_skipped_at_once(critical: bool) -> None:
    assert ask(waiting(ends_at=NINE, critical=critical), NOW).reason == "expired"
    assert ask(waiting(ends_at=NINE + timedelta(seconds=1), critical=critical), NOW).reason == "local_time"


def test_the_limit_of_that_time_counts_and_it_is_charged_then() -> None:
    told = ask(waiting(topic=topic(limit=ONE_AN_HOUR)), NOW)
    assert (told.until, told.limits) == (NINE, {"news#email": [1800093696, 1800089984, 1]})


def test_a_delivery_at_a_later_time_holds_back_none_that_is_far_from_it() -> None:
    limit = RateLimit(1, 3600)
    nine = int(NINE.timestamp())
    counter = rate_limit.next_turn(limit, None, NOW.timestamp(), not_before=nine).counter
    assert rate_limit.next_turn(limit, counter, NOW.timestamp()).at == NOW.timestamp()
    assert rate_limit.next_turn(limit, counter, nine - 3600).at == 1800093696
    assert rate_limit.next_turn(limit, counter, nine - 3800).at == nine - 3800
