"""Figures of a period: stored counts and receipts of its messages, by time, topic and channel."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from ..api import InternalApi
from ..filters import Times
from ..messages.verdict import NO_RECEIPTS, lost
from ..words import AT_REST, channel

MESSAGES: Final = 200  # of a period, the newest; each is a call once a minute
KEPT: Final = 2_000
FRESH: Final = 60.0  # seconds that a message at rest is not asked for again
KINDS: Final = ("delivered", "accepted", "bounced", "complained", "failed")
SEVERAL: Final = "Several channels"
METRICS: Final[Mapping[str, str]] = {
    "deliveries_sent": "sent",
    "deliveries_failed": "failed",
    "receipts_delivered": "delivered",
    "receipts_bounced": "bounced",
    "receipts_complained": "complained",
}


@dataclass(frozen=True)
class Period:
    """`buckets` of `seconds`, up to now."""

    name: str
    buckets: int
    seconds: int
    label: str


PERIODS: Final = {
    "day": Period("24 hours", 24, 3_600, "%H:00"),
    "week": Period("7 days", 7, 86_400, "%a %-d %b"),
    "month": Period("30 days", 30, 86_400, "%-d %b"),
}


@dataclass
class Figures:
    """Recipients by outcome. `accepted`: by the provider, with no word since."""

    messages: int = 0
    sent: int = 0
    delivered: int = 0
    accepted: int = 0
    bounced: int = 0
    complained: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, message: Mapping[str, Any]) -> None:
        counts, receipts = message["counts"], {**NO_RECEIPTS, **message["receipts"]}
        bounced = lost(receipts)
        self.messages += 1
        self.sent += counts["sent"]
        self.failed += counts["failed"]
        self.skipped += counts["skipped"]
        self.delivered += receipts["delivered"]
        self.bounced += bounced
        self.complained += receipts["complained"]
        self.accepted += max(0, counts["sent"] - receipts["delivered"] - receipts["complained"] - bounced)

    @property
    def height(self) -> int:
        return self.sent + self.failed


@dataclass(frozen=True)
class Bucket:
    """A bar of the chart."""

    begin: datetime
    label: str
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All that the page shows. `partial`: only the newest messages of the period are counted."""

    buckets: Sequence[Bucket]
    total: Figures
    topics: Mapping[str, Figures]
    channels: Mapping[str, Figures]
    messages: Sequence[Mapping[str, Any]]
    partial: bool
    source: str


@dataclass(frozen=True)
class Reader:
    """Reads messages with their counts, and keeps those at rest for a minute."""

    api: InternalApi
    known: OrderedDict[str, tuple[float, Any]] = field(default_factory=OrderedDict)

    def newest(self, since: datetime, topic: str) -> tuple[list[Any], bool]:
        """The newest messages, and whether there are more."""
        after = since.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        items = self.api.every("messages", topic=topic, created_after=after)
        ids = [item["id"] for item in islice(items, MESSAGES + 1)]
        return self._counted(ids[:MESSAGES]), len(ids) > MESSAGES

    def _counted(self, ids: Sequence[str]) -> list[Any]:
        old = time.monotonic() - FRESH
        missing = [each for each in ids if self.known.get(each, (old, None))[0] <= old]
        found = dict(zip(missing, self.api.get_many(("messages", each) for each in missing), strict=True))
        for message_id, message in found.items():
            if message and message["state"] in AT_REST:
                self.known[message_id] = (time.monotonic(), message)
        messages = [found[each] if each in found else self.known[each][1] for each in ids]
        while len(self.known) > KEPT:
            self.known.popitem(last=False)
        return [each for each in messages if each]


def buckets_of(period: Period, times: Times, now: datetime) -> list[Bucket]:
    """Whole hours or days of the operator's clock, the last with now in it."""
    local = now.astimezone(times.zone)
    last = local.replace(minute=0, second=0, microsecond=0)
    if period.seconds == 86_400:
        last = last.replace(hour=0)
    begins = [last - timedelta(seconds=period.seconds) * place for place in reversed(range(period.buckets))]
    return [Bucket(begin, f"{begin:{period.label}}") for begin in begins]


def overview(messages: Iterable[Any], buckets: Sequence[Bucket], *, on: str, partial: bool) -> Overview:
    """Sorted into buckets, topics and channels. `on`: only messages on this channel alone."""
    total, topics, channels = Figures(), dict[str, Figures](), dict[str, Figures]()
    kept: list[Any] = []
    for message in messages:
        if on and message["channels"] != [on]:
            continue
        kept.append(message)
        at = datetime.fromisoformat(message["created_at"])
        place = next((each for each in reversed(buckets) if each.begin <= at), buckets[0])
        several = len(message["channels"]) > 1
        by_channel = SEVERAL if several else channel(message["channels"][0])
        for figures in (
            total,
            place.figures,
            topics.setdefault(message["topic"] or "Named people", Figures()),
            channels.setdefault(by_channel, Figures()),
        ):
            figures.add(message)
    return Overview(
        buckets=buckets,
        total=total,
        topics=dict(sorted(topics.items(), key=lambda each: -each[1].height)),
        channels=dict(sorted(channels.items(), key=lambda each: -each[1].height)),
        messages=kept,
        partial=partial,
        source="the stored counts of messages, by the time at which they were posted",
    )


def measured(found: Mapping[str, Mapping[datetime, float]], buckets: Sequence[Bucket]) -> None:
    """Replace the figures of the buckets by CloudWatch's, which count every event at its own time."""
    for bucket, after in zip(buckets, [*buckets[1:], None], strict=True):
        of_bucket = {
            METRICS[name]: int(
                sum(value for at, value in values.items() if bucket.begin <= at and (not after or at < after.begin))
            )
            for name, values in found.items()
            if name in METRICS
        }
        figures = bucket.figures
        for name in METRICS.values():
            setattr(figures, name, of_bucket.get(name, 0))
        figures.accepted = max(0, figures.sent - figures.delivered - figures.bounced - figures.complained)
