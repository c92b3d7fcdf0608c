"""Who gets a message, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fanfare.channels.email import Email
from fanfare.channels.reasons import Reason
from fanfare.domain import eligibility
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Topic
from fanfare.domain.digests.gathering import Gathering
from fanfare.domain.eligibility import RULES, Action, Candidate, Verdict, decide

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


def topic(**settings: Any) -> Topic:
    return Topic(id="news", title="News", created_at="", updated_at="", **settings)


def candidate(profile: dict[str, Any] | None = None, *, user: dict[str, Any] | None = None, **fields: Any) -> Candidate:
    person = User(id="ada", profile={"email": "ada@example.com"} | (profile or {}), **(user or {}))
    known: dict[str, Any] = {
        "user": person, "now": NOW, "channel": Email, "subscribed": True, "topic": topic(),
        "critical": False, "offered": True,
    }  # fmt: skip
    return Candidate(**known | fields)


def ask(who: Candidate, now: datetime) -> Verdict:
    return decide(replace(who, now=now))


def verdict(action: Action, reason: str | None = None, until: datetime | None = None) -> Verdict:
    return Verdict(action=action, reason=Reason(reason) if reason else None, until=until)


def test_a_subscriber_with_an_address_gets_it() -> None:
    assert ask(candidate(), NOW) == verdict(Action.DELIVER)


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
    assert ask(who, NOW) == verdict(Action.SKIP, reason)


def test_an_unknown_user_is_skipped() -> None:
    nobody = Candidate(user=None, now=NOW, channel=Email, subscribed=True, topic=None, critical=False, offered=True)
    assert ask(nobody, NOW) == verdict(Action.SKIP, "unknown_user")


def test_a_required_topic_overrides_opt_outs_but_not_a_suppression() -> None:
    required = topic(required=True)
    assert ask(candidate(user={"opted_out": True}, topic=required, subscribed=False), NOW).action is Action.DELIVER
    suppressed = candidate(user={"suppressed": {"email": "complaint"}}, topic=required)
    assert ask(suppressed, NOW).reason == "suppressed_complaint"


def test_a_critical_message_passes_time_but_no_rule() -> None:
    quiet = {"quiet_hours": {"start": "00:00", "end": "23:59"}}
    assert ask(candidate(quiet, critical=True), NOW).action is Action.DELIVER
    assert ask(candidate(quiet, critical=True, subscribed=False), NOW).reason == "not_subscribed"


def test_suppression_comes_first_and_every_rule_has_a_name() -> None:
    names = [name for name, _ in RULES]
    assert names.index("suppression") < names.index("opt_out") < names.index("subscription")
    both = candidate(user={"suppressed": {"email": "bounce"}, "opted_out": True}, subscribed=False)
    assert ask(both, NOW).steps == (("known", "passed"), ("suppression", "suppressed_bounce"))


def test_who_is_over_a_limit_is_skipped_or_waits_as_the_limit_says() -> None:
    for overflow, action in (("drop", Action.SKIP), ("defer", Action.DEFER)):
        own = topic(limit={"count": 2, "per_seconds": 3600, "overflow": overflow})
        limits: Any = {}
        for _ in range(2):
            within = ask(candidate(topic=own, user={"limits": limits}), NOW)
            assert (within.action, within.reason) == (Action.DELIVER, None)
            limits = within.limits
        over = ask(candidate(topic=own, user={"limits": limits}), NOW)
        assert (over.action, over.reason) == (action, "rate_limited")


def test_who_is_over_a_limit_gets_it_in_the_digest_if_there_is_one() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "digest"})
    gathering = Gathering(template="d", every={"seconds": 60}, frequency="immediate", frequencies=("immediate",))
    used: dict[str, Any] = {"topic": own, "user": {"limits": ask(candidate(topic=own), NOW).limits}}
    over = ask(candidate(**used, gathering=gathering), NOW)
    assert (over.action, over.reason, over.until) == (Action.DIGEST, "rate_limited", NOW + timedelta(minutes=1))
    assert over.limits is None
    assert over.steps[-2:] == (
        ("limit", "rate_limited"),
        ("digest", "in the digest that closes at 2027-01-15T12:01:00.000Z"),
    )
    alone: dict[str, Any]
    for alone in ({"gathering": None}, {"gathering": gathering, "is_digest": True}):
        assert ask(candidate(**used, **alone), NOW).action is Action.DEFER
    ends = candidate(**used, gathering=gathering, ends_at=NOW + timedelta(seconds=59))
    assert (ask(ends, NOW).action, ask(ends, NOW).reason) == (Action.SKIP, "expired")
    critical = candidate(**used, gathering=gathering, critical=True)
    assert ask(critical, NOW).action is Action.DELIVER


def test_who_is_skipped_for_a_limit_is_not_charged_for_another() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    first = ask(candidate(topic=own), NOW)
    overall = {"count": 9, "per_seconds": 3600, "overflow": "drop"}
    assert ask(candidate(topic=own, overall=overall, user={"limits": first.limits}), NOW).limits is None


def test_a_limit_that_lets_a_message_go_at_the_end_of_quiet_hours_does_not_drop_it() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    night = {"quiet_hours": QUIET, "time_zone": "UTC"}
    before = ask(candidate(topic=own), NOW.replace(hour=22, minute=30))
    later = ask(candidate(night, topic=own, user={"limits": before.limits}), NOW.replace(hour=23))
    assert (later.action, later.reason, later.until) == (Action.DEFER, "quiet_hours", NOW.replace(day=16, hour=7))


def test_a_limit_across_all_topics_counts_beside_the_topics_own() -> None:
    own = topic(limit={"count": 5, "per_seconds": 60, "overflow": "drop"})
    overall = {"count": 1, "per_seconds": 3600, "overflow": "defer"}
    first = ask(candidate(topic=own, overall=overall), NOW)
    assert first.limits is not None
    second = ask(candidate(topic=own, overall=overall, user={"limits": first.limits}), NOW)
    assert (second.action, second.reason) == (Action.DEFER, "rate_limited")
    assert second.until is not None
    assert second.until >= NOW + timedelta(hours=1)


def test_quiet_hours_and_a_limit_agree_on_a_time() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "defer"})
    quiet = {"quiet_hours": {"start": "22:00", "end": "07:00"}, "time_zone": "UTC"}
    late = NOW.replace(hour=23)
    first = ask(candidate(quiet, topic=own), late)
    assert first.until == NOW.replace(day=16, hour=7)
    assert first.limits is not None
    second = ask(candidate(quiet, topic=own, user={"limits": first.limits}), late)
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
    until = ask(candidate({"quiet_hours": QUIET, "time_zone": zone}), now).until
    assert until is not None
    local = until.astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == ((evening + timedelta(days=1)).date(), 7, 0)


def test_an_end_that_the_clock_skips_is_the_moment_of_the_change() -> None:
    profile = {"quiet_hours": {"start": "22:00", "end": "02:30"}, "time_zone": "Europe/Berlin"}
    now = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)  # 01:30 there; at 02:00 the clock shows 03:00
    assert ask(candidate(profile), now).until == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_an_end_that_the_clock_shows_twice_comes_once_more() -> None:
    profile = {"quiet_hours": {"start": "22:00", "end": "02:30"}, "time_zone": "Europe/Berlin"}
    now = datetime(2027, 10, 31, 1, 10, tzinfo=UTC)  # 02:10 there, for the second time
    assert ask(candidate(profile), now).until == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("hour", "quiet"), [(11, False), (12, True), (13, True), (14, False)])
def test_quiet_hours_can_lie_within_a_day(hour: int, quiet: bool) -> None:
    profile = {"quiet_hours": {"start": "12:00", "end": "14:00"}, "time_zone": "UTC"}
    assert (ask(candidate(profile), NOW.replace(hour=hour)).action is Action.DEFER) is quiet


def test_an_opt_out_holds_for_a_topic_that_is_gone_and_not_for_whom_a_service_named() -> None:
    gone = candidate(user={"opted_out": True}, topic=None)
    assert ask(gone, NOW) == verdict(Action.SKIP, "opted_out")
    assert ask(candidate(user={"opted_out": True}, topic=None, named=True), NOW).action is Action.DELIVER


def test_what_is_deferred_counts_when_it_goes() -> None:
    own = topic(limit={"count": 1, "per_seconds": 25, "overflow": "defer"})
    limits: Any = {}
    due = []
    for _ in range(5):
        found = ask(candidate(topic=own, user={"limits": limits}), NOW)
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
    first = ask(candidate(topic=own), moment)
    later = ask(candidate(topic=own, user={"limits": first.limits}), moment)
    assert later.until is not None
    assert later.until.second == second
    assert timedelta(seconds=per_seconds) <= later.until - moment <= timedelta(seconds=per_seconds + 60)


def test_who_waits_for_long_waits_for_the_full_minute() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3_000, "overflow": "defer"})
    first = ask(candidate(topic=own), NOW + timedelta(seconds=7))
    later = ask(candidate(topic=own, user={"limits": first.limits}), NOW + timedelta(seconds=7))
    assert later.until is not None
    assert later.until.second == 0


def test_who_would_have_to_wait_until_the_message_is_forgotten_is_skipped() -> None:
    own = topic(limit={"count": 1, "per_seconds": 3600, "overflow": "defer"})
    first = ask(candidate(topic=own), NOW)
    soon, late = (
        ask(candidate(topic=own, user={"limits": first.limits}, keep_until=NOW + timedelta(minutes=minutes)), NOW)
        for minutes in (50, 70)
    )
    assert soon == verdict(Action.SKIP, "rate_limited")
    assert late.action is Action.DEFER


# Asked again

ONE_A_DAY = topic(limit={"count": 1, "per_seconds": 86_400, "overflow": "defer"})
NIGHT = {"quiet_hours": {"start": "22:00", "end": "07:00"}}


def counted(at: datetime, *, zone: str = "UTC", **fields: Any) -> Candidate:
    """Ada, who was let through at a time and counted then against one a day."""
    first = ask(candidate(NIGHT | {"time_zone": zone}, topic=ONE_A_DAY), at)
    assert (first.action, first.limits) != (Action.SKIP, None)
    charged = (int((first.until or at).timestamp()),)
    known: dict[str, Any] = {"charged": charged, "patience": 120.0}
    return candidate(
        NIGHT | {"time_zone": zone}, topic=ONE_A_DAY, user={"limits": first.limits or {}}, **known | fields
    )


def test_its_own_charge_does_not_hold_a_delivery_back() -> None:
    again = ask(counted(NOW), NOW + timedelta(hours=3))
    assert again.action is Action.DELIVER


def test_who_goes_later_than_was_counted_is_counted_then_and_the_old_charge_stays() -> None:
    first, again = counted(NOW), ask(counted(NOW), NOW + timedelta(hours=3))
    assert first.user is not None
    assert again.limits is not None
    assert again.limits["news#email"][1:] == [
        *first.user.limits["news#email"][1:], _slice(NOW + timedelta(hours=3)), 1,
    ]  # fmt: skip


def _slice(at: datetime) -> int:
    """The beginning of the slice of a limit per day: 2,700 seconds."""
    return int(at.timestamp()) // 2_700 * 2_700


def test_who_goes_in_the_time_that_was_counted_is_not_counted_again() -> None:
    assert ask(counted(NOW), NOW + timedelta(minutes=2)) == verdict(Action.DELIVER)


def test_a_charge_for_a_later_time_is_no_leave_to_go_now() -> None:
    other = ask(candidate(topic=ONE_A_DAY), NOW)
    later = ask(candidate(topic=ONE_A_DAY, user={"limits": other.limits}), NOW)
    assert later.until is not None
    charged = (int(later.until.timestamp()),)
    again = candidate(topic=ONE_A_DAY, user={"limits": later.limits}, charged=charged, patience=120.0)
    soon = ask(again, NOW + timedelta(minutes=5))
    assert (soon.action, soon.limits) == (Action.DEFER, None)
    assert ask(again, later.until + timedelta(seconds=70)) == verdict(Action.DELIVER)


@pytest.mark.parametrize("zone", ["Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
@pytest.mark.parametrize(("month", "day"), [(1, 15), (3, 13), (3, 27), (4, 3), (10, 2), (10, 30), (11, 6)])
def test_what_is_asked_again_in_the_night_waits_for_seven_in_the_users_zone(zone: str, month: int, day: int) -> None:
    evening = datetime(2027, month, day, 18, 0, tzinfo=ZoneInfo(zone))
    night = (evening + timedelta(hours=8, minutes=30)).astimezone(UTC)
    again = ask(counted(evening.astimezone(UTC), zone=zone), night)
    assert (again.action, again.reason) == (Action.DEFER, "quiet_hours")
    assert again.until is not None
    local = again.until.astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == ((evening + timedelta(days=1)).date(), 7, 0)
    assert again.limits is not None
    assert _slice(again.until) in again.limits["news#email"]


def test_a_critical_message_asked_again_in_the_night_goes() -> None:
    assert ask(counted(NOW, critical=True), NOW.replace(hour=23)).action is Action.DELIVER


def test_whose_time_was_decided_a_moment_ago_is_asked_for_everything_else() -> None:
    asleep = NOW.replace(hour=23)
    assert ask(counted(NOW, time_decided=True), asleep) == verdict(Action.DELIVER)
    assert ask(counted(NOW, time_decided=True, subscribed=False), asleep).reason == "not_subscribed"


def test_after_its_end_a_message_is_for_nobody_and_that_comes_after_who_may_get_it() -> None:
    over = candidate(ends_at=NOW)
    assert ask(over, NOW) == verdict(Action.SKIP, "expired")
    assert ask(over, NOW - timedelta(seconds=1)).action is Action.DELIVER
    assert ask(candidate(ends_at=NOW, subscribed=False), NOW).reason == "not_subscribed"
    assert ask(candidate(NIGHT, ends_at=NOW), NOW.replace(hour=23)).reason == "expired"


HOURLY = {"count": 1, "per_seconds": 3_600}


@pytest.mark.parametrize(
    ("profile", "limit", "before", "ends_at", "expected"),
    [
        # quiet until 07:00
        (NIGHT, None, 0, (16, 6, 0), (Action.SKIP, "expired")),
        (NIGHT, None, 0, (16, 7, 0), (Action.SKIP, "expired")),
        (NIGHT, None, 0, (16, 7, 1), (Action.DEFER, "quiet_hours")),
        # over the limit for an hour
        ({}, HOURLY | {"overflow": "defer"}, 1, (15, 23, 30), (Action.SKIP, "expired")),
        ({}, HOURLY | {"overflow": "defer"}, 1, (16, 2, 0), (Action.DEFER, "rate_limited")),
        ({}, HOURLY | {"overflow": "drop"}, 1, (15, 23, 30), (Action.SKIP, "rate_limited")),
        # both: the limit leaves 07:00 to one, 08:00 to the next
        (NIGHT, HOURLY | {"overflow": "defer"}, 1, (16, 7, 30), (Action.SKIP, "expired")),
        (NIGHT, HOURLY | {"overflow": "defer"}, 1, (16, 9, 0), (Action.DEFER, "rate_limited")),
        # the first rule that objects: expiry comes before the limit
        (NIGHT, HOURLY | {"overflow": "drop"}, 1, (16, 6, 0), (Action.SKIP, "expired")),
        (NIGHT, HOURLY | {"overflow": "drop"}, 1, (16, 7, 30), (Action.SKIP, "rate_limited")),
    ],
)
def test_who_could_be_reached_only_after_the_expiry_is_skipped_at_once(
    profile: dict[str, Any],
    limit: dict[str, Any] | None,
    before: int,
    ends_at: tuple[int, int, int],
    expected: tuple[Action, str],
) -> None:
    """Rules in the contract's order: … address > expired > … > quiet hours > limit."""
    late = NOW.replace(hour=23)
    limits: Any = {}
    for _ in range(before):
        limits = ask(candidate(profile, topic=topic(limit=limit and limit | {"overflow": "defer"})), late).limits
    day, hour, minute = ends_at
    who = candidate(
        profile,
        topic=topic(limit=limit),
        user={"limits": limits},
        ends_at=NOW.replace(day=day, hour=hour, minute=minute),
        keep_until=NOW + timedelta(days=27),
    )
    found = ask(who, late)
    assert (found.action, found.reason) == expected
    if expected[1] == "expired":
        assert found.limits is None  # nobody is charged for what never leaves
        assert found.steps[-1][1].endswith(", after the message's end")


def test_a_critical_message_is_delivered_until_its_expiry_whatever_the_hour() -> None:
    who = candidate(NIGHT, critical=True, ends_at=NOW.replace(hour=23, minute=1))
    assert ask(who, NOW.replace(hour=23)).action is Action.DELIVER


def test_who_would_wait_for_longer_than_the_message_is_kept_has_the_reason_for_the_wait() -> None:
    keep_until = NOW.replace(day=16, hour=6)
    who = candidate(NIGHT, keep_until=keep_until, ends_at=keep_until)  # the message has no expiry of its own
    assert ask(who, NOW.replace(hour=23)).reason == "quiet_hours"


def test_the_rules_stand_in_the_order_of_the_contract() -> None:
    assert [name for name, _ in RULES] == [
        "known", "suppression", "opt_out", "subscription", "content", "address", "expiry", "step",
    ]  # fmt: skip


def test_if_quiet_hours_and_limits_do_not_settle_the_last_moment_found_is_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(eligibility, "ROUNDS", 1)
    asleep = candidate(NIGHT | {"quiet_hours": {"start": "22:00", "end": "07:00"}})
    unsettled = ask(asleep, NOW.replace(hour=23))
    assert (unsettled.action, unsettled.until) == (Action.DEFER, NOW.replace(day=16, hour=7))
