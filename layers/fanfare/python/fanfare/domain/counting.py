"""Counts of a message that is too large to sum at each request: they are summed page by page of the fan-out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from fanfare.channels.receipts import Receipt
from fanfare.data_classes import dataclass
from fanfare.domain.batch import Totals
from fanfare.domain.message import Progress

PAGES_AT_ONCE: Final = 25  # pages of the fan-out: at most 1,200 batches


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Pages of a shard from `first` to before `end`."""

    shard: int
    first: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Count:
    """Totals of all pages before page `page` of shard `shard`."""

    shard: int = 0
    page: int = 0
    totals: Totals = field(default_factory=Totals)

    def remaining(self, progress: Sequence[Progress]) -> Iterator[Pages]:
        """Pages that are not summed yet, in order."""
        for each in sorted(progress, key=lambda each: each.shard):
            if each.shard < self.shard:
                continue
            begin = self.page if each.shard == self.shard else 0
            for first in range(begin, each.page, PAGES_AT_ONCE):
                yield Pages(shard=each.shard, first=first, end=min(first + PAGES_AT_ONCE, each.page))

    def plus(self, pages: Pages, totals: Totals) -> Count:
        """The count including these pages, which must be the next ones."""
        return Count(shard=pages.shard, page=pages.end, totals=self.totals + totals)


@dataclass(frozen=True, kw_only=True)
class RunningCount:
    """The count of a running message, which changes during the count. It is summed repeatedly, in parts.

    `recipients`: number in all pages. `whole`: the last complete sum. `current`: the sum in progress, which continues
    at `next_at` or later.
    """

    recipients: int = 0
    whole: Totals | None = None
    current: Count = field(default_factory=Count)
    next_at: str = ""

    @property
    def receipts(self) -> Mapping[Receipt, int]:
        """The receipts of the recipients that are summed."""
        return (self.whole or self.current.totals).receipts

    def counts(self, *, deleted: bool) -> dict[str, int]:
        """Counts as in the API. Recipients that are not summed yet count as outstanding."""
        shown = (self.whole or self.current.totals).counts(deleted=deleted)
        missing = max(0, self.recipients - shown["recipients"])
        return {
            **shown,
            "recipients": shown["recipients"] + missing,
            "outstanding": shown["outstanding"] + missing,
        }
