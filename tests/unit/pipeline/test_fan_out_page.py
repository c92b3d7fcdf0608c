"""A page of a fan-out holds what one transaction takes, and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fanfare.channels.email import Email
from fanfare.domain.audience import User
from fanfare.domain.batch import Charge
from fanfare.domain.catalogue import Topic
from fanfare.domain.eligibility import Candidate
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Progress
from fanfare.pipeline.fan_out import page as module
from fanfare.pipeline.fan_out.candidates import Row
from fanfare.pipeline.fan_out.page import FanOutPage

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
LIMIT = {"count": 5, "per_seconds": 3600, "overflow": "defer"}
MESSAGE = Message(
    id="m", state=State.ACTIVE, caller="s", topic="news", template=None, channels=("email",), priority="normal",
    on_doubt="resend", shards=1, created_at="2027-01-15T12:00:00.000Z", send_at=None, expires_at=None,
    retain_until=2_000_000_000,
)  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two, and a transaction of ten items, of which four are spare: there is room for six."""
    monkeypatch.setattr(Email, "batch_size", 2)
    monkeypatch.setattr(module, "ITEMS", 10)


def page() -> FanOutPage:
    return FanOutPage(Progress(shard=0))


def add(to: FanOutPage, number: int, *, limit: bool = False, **fields: Any) -> bool:
    profile = {"email": f"u{number}@example.com"} | fields.pop("profile", {})
    known: dict[str, Any] = {
        "user": User(id=f"u{number}", profile=profile),
        "channel": Email,
        "now": NOW,
        "subscribed": True,
        "topic": Topic(id="news", title="", created_at="", updated_at="", limit=LIMIT if limit else None),
        "critical": False,
        "offered": True,
    }
    return to.add(Row(f"at {number}", f"u{number}", "email"), Candidate(**known | fields))


def full(**fields: Any) -> FanOutPage:
    """A page to which as many were added as it has room for."""
    made, number = page(), 0
    while add(made, number, **fields):
        number += 1
    return made


def parts(of: FanOutPage) -> int:
    """What goes into the transaction beside the cursor, the removals and the list of skips."""
    return 2 * len([*of.batches(MESSAGE, overdue=NOW)]) + len(of.charges) + len(of.skips)


def test_a_batch_takes_two_items_however_many_are_in_it() -> None:
    assert (full().recipients, parts(full())) == (6, 6)


def test_a_limit_takes_an_item_for_each_user() -> None:
    assert (full(limit=True).recipients, parts(full(limit=True))) == (2, 4)


def test_a_skip_takes_an_item() -> None:
    assert (full(subscribed=False).recipients, parts(full(subscribed=False))) == (6, 6)


def test_those_who_wait_for_another_time_take_a_batch_of_their_own() -> None:
    made = page()
    hours = {"quiet_hours": {"start": "11:00", "end": "13:00"}}
    assert add(made, 0)
    assert add(made, 1, profile=hours)
    states = [state for _, state in made.batches(MESSAGE, overdue=NOW + timedelta(minutes=2))]
    assert [(state.id, state.waiting, state.due_at) for state in states] == [
        ("0000-000000-00", "queued", "2027-01-15T12:02:00.000Z"),
        ("0000-000000-01", "deferred", "2027-01-15T13:00:00.000Z"),
    ]


def test_who_has_no_room_changes_nothing_and_the_cursor_stays_before_them() -> None:
    made = full()
    before = (made.recipients, made.cursor, parts(made))
    assert not add(made, 99)
    assert (made.recipients, made.cursor, parts(made)) == before
    assert made.cursor == "at 5"


def test_a_page_holds_no_more_recipients_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    assert full().recipients == 3


def test_a_row_that_nobody_wants_moves_the_cursor_alone() -> None:
    made = page()
    assert made.add(Row("passed", "", ""), None)
    assert (made.cursor, made.recipients, parts(made)) == ("passed", 0, 0)


def test_a_user_on_a_second_channel_is_counted_in_one_item() -> None:
    made = page()
    assert add(made, 0, limit=True)
    assert add(made, 0, limit=True)
    assert len(made.charges) == 1
    _, limits = made.charges["u0"]
    assert limits["news#email"][2] == 2


def test_a_batch_knows_when_its_recipients_were_counted_against_a_limit() -> None:
    made = page()
    add(made, 0, limit=True)
    ((_, state),) = made.batches(MESSAGE, overdue=NOW)
    assert state.charges == (Charge(1_800_014_400),)
    assert state.charged(0) == (1_800_014_400,)


def test_a_batch_without_limits_knows_of_none() -> None:
    made = page()
    add(made, 0)
    ((_, state),) = made.batches(MESSAGE, overdue=NOW)
    assert state.charged(0) == ()


def test_a_batch_that_is_left_to_the_workers_is_queued_and_asked_about_again() -> None:
    made = page()
    add(made, 0, limit=True)
    made.unchecked = True
    ((_, state),) = made.batches(MESSAGE, overdue=NOW + timedelta(minutes=2))
    assert (state.waiting, state.due_at) == ("retry", "2027-01-15T12:02:00.000Z")
    assert state.charges == (Charge(1_800_014_400),)


def test_a_batch_knows_who_of_its_recipients_was_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ITEMS", 20)
    made = page()
    for number in range(4):
        add(made, number, limit=True)
    made.uncharged = {"u1"}
    first, second = (state for _, state in made.batches(MESSAGE, overdue=NOW))
    assert (first.waiting, first.charges) == ("retry", (Charge(1_800_014_400, (0,)),))
    assert (second.waiting, second.charges) == ("queued", (Charge(1_800_014_400),))


def test_a_batch_in_which_nobody_was_charged_knows_of_no_charge() -> None:
    made = page()
    add(made, 0, limit=True)
    made.uncharged = {"u0"}
    ((_, state),) = made.batches(MESSAGE, overdue=NOW)
    assert state.charges == ()


def test_who_is_too_late_is_left_to_the_delivery_which_fails_them() -> None:
    made = page()
    assert add(made, 0, ends_at=NOW)
    assert (len(made.skips), len([*made.batches(MESSAGE, overdue=NOW)])) == (0, 1)
