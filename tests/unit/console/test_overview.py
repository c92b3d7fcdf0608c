"""The figures and the chart of the overview."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from console.exports import safe
from console.filters import Times
from console.overview.chart import bars, top_of
from console.overview.figures import PERIODS, buckets_of, measured, overview

NOW = datetime(2027, 1, 7, 10, 30, tzinfo=UTC)


def message(day: int, *, channels: tuple[str, ...] = ("email",), topic: str | None = "news", **more: int) -> Any:
    counts = {"recipients": 10, "sent": 9, "failed": 1, "skipped": 0, "deleted": 0, "outstanding": 0}
    receipts = {"delivered": 6, "bounced": 1, "bounced_soft": 0, "complained": 1, "delayed": 0, "rejected": 0}
    return {
        "created_at": f"2027-01-0{day}T08:00:00.000Z",
        "topic": topic,
        "channels": [*channels],
        "counts": counts,
        "receipts": receipts,
    }


def test_figures_are_summed_by_time_topic_and_channel() -> None:
    found = overview(
        [message(7), message(7, topic=None, channels=("sms",)), message(2, channels=("email", "push"))],
        buckets_of(PERIODS["week"], Times(UTC), NOW),
        on="",
        partial=False,
    )
    assert [(each.label, each.figures.sent) for each in found.buckets if each.figures.sent] == [
        ("Sat 2 Jan", 9),
        ("Thu 7 Jan", 18),
    ]
    assert {name: each.sent for name, each in found.topics.items()} == {"news": 18, "Named people": 9}
    assert {name: each.messages for name, each in found.channels.items()} == {
        "E-mail": 1,
        "Text message": 1,
        "Several channels": 1,
    }
    total = found.total
    assert (total.sent, total.delivered, total.accepted, total.bounced, total.complained) == (27, 18, 3, 3, 3)


def test_one_channel_has_the_messages_that_use_no_other() -> None:
    buckets = buckets_of(PERIODS["week"], Times(UTC), NOW)
    found = overview([message(7), message(7, channels=("email", "push"))], buckets, on="email", partial=False)
    assert found.total.messages == 1


def test_what_cloudwatch_counted_is_put_in_its_day() -> None:
    buckets = buckets_of(PERIODS["week"], Times(UTC), NOW)
    hours = {datetime(2027, 1, 6, 23, tzinfo=UTC): 5.0, datetime(2027, 1, 7, 1, tzinfo=UTC): 7.0}
    measured({"deliveries_sent": hours, "receipts_delivered": {datetime(2027, 1, 7, 2, tzinfo=UTC): 4.0}}, buckets)
    assert [(each.figures.sent, each.figures.delivered) for each in buckets[-2:]] == [(5, 0), (7, 4)]


def test_bars_are_as_high_as_their_figures() -> None:
    buckets = buckets_of(PERIODS["week"], Times(UTC), NOW)
    overview([message(7)], buckets, on="", partial=False)
    assert top_of(buckets) == 10
    drawn = {kind: (y, height) for kind, _, y, _, height in bars(buckets)}
    assert drawn == {
        "delivered": (80.0, 120.0),
        "accepted": (60.0, 20.0),
        "bounced": (40.0, 20.0),
        "complained": (20.0, 20.0),
        "failed": (0.0, 20.0),
    }


def test_no_cell_of_a_file_is_a_formula() -> None:
    for begin in ("=", "+", "-", "@", "\t", "\r", "＝"):
        assert safe(f"{begin}1") == f"'{begin}1"
    assert [safe("1=1"), safe(None), safe(["a", "b"]), safe(3)] == ["1=1", "", "a b", "3"]
