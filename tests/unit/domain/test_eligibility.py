"""Who gets a message, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fanfare.channels.email import Email
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Topic
from fanfare.domain.eligibility import RULES, Action, Candidate, Verdict, decide

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


def topic(**settings: Any) -> Topic:
    return Topic(id="news", title="News", created_at="", updated_at="", **settings)


def candidate(profile: dict[str, Any] | None = None, *, user: dict[str, Any] | None = None, **fields: Any) -> Candidate:
    person = User(id="ada", profile={"email": "ada@example.com"} | (profile or {}), **(user or {}))
    known: dict[str, Any] = {
        "user": person, "channel": Email, "subscribed": True, "topic": topic(), "critical": False, "offered": True,
    }  # fmt: skip
    return Candidate(**known | fields)


def verdict(action: Action, reason: str | None = None, until: datetime | None = None) -> Verdict:
    return Verdict(action=action, reason=reason, until=until)


def test_a_subscriber_with_an_address_gets_it() -> None:
    assert decide(candidate(), NOW) == verdict(Action.DELIVER)


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (candidate(subscribed=False), "not_subscribed"),
        (candidate({"email": None}), "no_address"),
        (candidate({"email": "ada@@example"}), "invalid_address"),
        (candidate(offered=False), "no_content"),
        (candidate(user={"opted_out": True}), "opted_out"),
        (candidate(user={"suppressed": {"email": "bounce"}}), "suppressed_bounce"),
    ],
)
def test_why_somebody_does_not(who: Candidate, reason: str) -> None:
    assert decide(who, NOW) == verdict(Action.SKIP, reason)


def test_an_unknown_user_is_skipped() -> None:
    nobody = Candidate(user=None, channel=Email, subscribed=True, topic=None, critical=False, offered=True)
    assert decide(nobody, NOW) == verdict(Action.SKIP, "unknown_user")


def test_a_required_topic_overrides_opt_outs_but_not_a_suppression() -> None:
    required = topic(required=True)
    assert decide(candidate(user={"opted_out": True}, topic=required, subscribed=False), NOW).action is Action.DELIVER
    suppressed = candidate(user={"suppressed": {"email": "complaint"}}, topic=required)
    assert decide(suppressed, NOW).reason == "suppressed_complaint"


def test_a_critical_message_passes_time_but_no_rule() -> None:
    quiet = {"quiet_hours": {"start": "00:00", "end": "23:59"}}
    assert decide(candidate(quiet, critical=True), NOW).action is Action.DELIVER
    assert decide(candidate(quiet, critical=True, subscribed=False), NOW).reason == "not_subscribed"


def test_suppression_comes_first_and_every_rule_has_a_name() -> None:
    names = [name for name, _ in RULES]
    assert names.index("suppression") < names.index("opt_out") < names.index("subscription")
    both = candidate(user={"suppressed": {"email": "bounce"}, "opted_out": True}, subscribed=False)
    assert decide(both, NOW).steps == (("known", "passed"), ("suppression", "suppressed_bounce"))


def test_who_is_over_a_limit_is_skipped_or_waits_as_the_limit_says() -> None:
    for overflow, action in (("drop", Action.SKIP), ("defer", Action.DEFER)):
        own = topic(limit={"count": 2, "per_seconds": 3600, "overflow": overflow})
        limits: Any = {}
        for _ in range(2):
            within = decide(candidate(topic=own, user={"limits": limits}), NOW)
            assert (within.action, within.reason) == (Action.DELIVER, None)
            limits = within.limits
        over = decide(candidate(topic=own, user={"limits": limits}), NOW)
        assert (over.action, over.reason) == (action, "rate_limited")


def test_who_is_skipped_for_a_limit_is_not_charged_for_another() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    first = decide(candidate(topic=own), NOW)
    overall = {"count": 9, "per_seconds": 3600, "overflow": "drop"}
    assert decide(candidate(topic=own, overall=overall, user={"limits": first.limits}), NOW).limits is None


def test_a_limit_that_lets_a_message_go_at_the_end_of_quiet_hours_does_not_drop_it() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    night = {"quiet_hours": QUIET, "time_zone": "UTC"}
    before = decide(candidate(topic=own), NOW.replace(hour=22, minute=30))
    later = decide(candidate(night, topic=own, user={"limits": before.limits}), NOW.replace(hour=23))
    assert (later.action, later.reason, later.until) == (Action.DEFER, "quiet_hours", NOW.replace(day=16, hour=7))


def test_a_limit_across_all_topics_counts_beside_the_topics_own() -> None:
    own = topic(limit={"count": 5, "per_seconds": 60, "overflow": "drop"})
    overall = {"count": 1, "per_seconds": 3600, "overflow": "defer"}
    first = decide(candidate(topic=own, overall=overall), NOW)
    assert first.limits is not None
    second = decide(candidate(topic=own, overall=overall, user={"limits": first.limits}), NOW)
    assert (second.action, second.reason) == (Action.DEFER, "rate_limited")
    assert second.until is not None
    assert second.until >= NOW + timedelta(hours=1)


def test_quiet_hours_and_a_limit_agree_on_a_time() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "defer"})
    quiet = {"quiet_hours": {"start": "22:00", "end": "07:00"}, "time_zone": "UTC"}
    late = NOW.replace(hour=23)
    first = decide(candidate(quiet, topic=own), late)
    assert first.until == NOW.replace(day=16, hour=7)
    assert first.limits is not None
    second = decide(candidate(quiet, topic=own, user={"limits": first.limits}), late)
    assert second.until is not None
    assert NOW.replace(day=16, hour=8) <= second.until <= NOW.replace(day=16, hour=8, minute=4)


ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"]
QUIET = {"start": "22:00", "end": "07:00"}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("month", "day"),
    [
        (1, 15), (3, 13), (3, 27), (4, 3), (9, 25), (10, 2), (10, 30), (11, 6),
    ],
)  # fmt: skip
def test_at_half_past_eleven_it_waits_for_seven_in_the_users_zone(zone: str, month: int, day: int) -> None:
    """The dates are the nights on which the clocks of these zones change, and one on which none does."""
    evening = datetime(2027, month, day, 23, 30, tzinfo=ZoneInfo(zone))
    now = evening.astimezone(UTC)
    until = decide(candidate({"quiet_hours": QUIET, "time_zone": zone}), now).until
    assert until is not None
    local = until.astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == ((evening + timedelta(days=1)).date(), 7, 0)


def test_an_end_that_the_clock_skips_is_the_moment_after() -> None:
    profile = {"quiet_hours": {"start": "22:00", "end": "02:30"}, "time_zone": "Europe/Berlin"}
    now = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)  # 01:30 there; at 02:00 the clock shows 03:00
    assert decide(candidate(profile), now).until == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_an_end_that_the_clock_shows_twice_comes_once_more() -> None:
    profile = {"quiet_hours": {"start": "22:00", "end": "02:30"}, "time_zone": "Europe/Berlin"}
    now = datetime(2027, 10, 31, 1, 10, tzinfo=UTC)  # 02:10 there, for the second time
    assert decide(candidate(profile), now).until == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("hour", "quiet"), [(11, False), (12, True), (13, True), (14, False)])
def test_quiet_hours_can_lie_within_a_day(hour: int, quiet: bool) -> None:
    profile = {"quiet_hours": {"start": "12:00", "end": "14:00"}, "time_zone": "UTC"}
    assert (decide(candidate(profile), NOW.replace(hour=hour)).action is Action.DEFER) is quiet


def test_an_opt_out_holds_for_a_topic_that_is_gone_and_not_for_whom_a_service_named() -> None:
    gone = candidate(user={"opted_out": True}, topic=None)
    assert decide(gone, NOW) == verdict(Action.SKIP, "opted_out")
    assert decide(candidate(user={"opted_out": True}, topic=None, named=True), NOW).action is Action.DELIVER


def test_what_is_deferred_counts_when_it_goes() -> None:
    own = topic(limit={"count": 1, "per_seconds": 25, "overflow": "defer"})
    limits: Any = {}
    due = []
    for _ in range(5):
        found = decide(candidate(topic=own, user={"limits": limits}), NOW)
        due.append(found.until or NOW)
        limits = found.limits
    assert all(timedelta(seconds=25) <= later - earlier <= timedelta(seconds=35) for earlier, later in pairwise(due))


@pytest.mark.parametrize(
    ("per_seconds", "second"),
    [
        (280, 50),  # its slice ends at 12:00:08: 280 s after that is 12:04:48, and the next five seconds are up at :50
        (310, 0),  # more than five minutes: to the next minute
    ],
)
def test_a_wait_of_less_than_five_minutes_ends_at_five_seconds_and_a_longer_one_at_the_minute(
    per_seconds: int, second: int
) -> None:
    own = topic(limit={"count": 1, "per_seconds": per_seconds, "overflow": "defer"})
    moment = NOW + timedelta(seconds=3)
    first = decide(candidate(topic=own), moment)
    later = decide(candidate(topic=own, user={"limits": first.limits}), moment)
    assert later.until is not None
    assert later.until.second == second
    assert timedelta(seconds=per_seconds) <= later.until - moment <= timedelta(seconds=per_seconds + 60)


def test_who_waits_for_long_waits_for_the_full_minute() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3_000, "overflow": "defer"})
    first = decide(candidate(topic=own), NOW + timedelta(seconds=7))
    later = decide(candidate(topic=own, user={"limits": first.limits}), NOW + timedelta(seconds=7))
    assert later.until is not None
    assert later.until.second == 0


def test_who_would_have_to_wait_until_the_message_is_forgotten_is_skipped() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "defer"})
    first = decide(candidate(topic=own), NOW)
    soon, late = (
        decide(candidate(topic=own, user={"limits": first.limits}, keep_until=NOW + timedelta(minutes=minutes)), NOW)
        for minutes in (50, 70)
    )
    assert soon == verdict(Action.SKIP, "rate_limited")
    assert late.action is Action.DEFER
