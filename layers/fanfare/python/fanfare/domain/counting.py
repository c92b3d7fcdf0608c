"""A count of a message that is too large to be summed at each request: it goes on page by page of the fan-out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from fanfare.domain.batch import Totals
from fanfare.domain.message import Progress

PAGES_AT_ONCE: Final = 25  # of the fan-out: 1,200 batches at most


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Some pages of a shard, the last one excluded."""

    shard: int
    first: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Count:
    """What is summed so far: all before page `page` of shard `shard`."""

    shard: int = 0
    page: int = 0
    totals: Totals = field(default_factory=Totals)

    def remaining(self, progress: Sequence[Progress]) -> Iterator[Pages]:
        """The pages that are not summed yet, in their order."""
        for each in sorted(progress, key=lambda each: each.shard):
            if each.shard < self.shard:
                continue
            begin = self.page if each.shard == self.shard else 0
            for first in range(begin, each.page, PAGES_AT_ONCE):
                yield Pages(shard=each.shard, first=first, end=min(first + PAGES_AT_ONCE, each.page))

    def plus(self, pages: Pages, totals: Totals) -> Count:
        """With these pages, which are the next ones."""
        return Count(shard=pages.shard, page=pages.end, totals=self.totals + totals)


@dataclass(frozen=True, kw_only=True)
class RunningCount:
    """The count of a message that changes while it is summed: again and again, a part at a time.

    `recipients` are those of all pages; `whole` is the last sum of all of them; `current` is the sum that goes on,
    not before `next_at`.
    """

    recipients: int = 0
    whole: Totals | None = None
    current: Count = field(default_factory=Count)
    next_at: str = ""

    def counts(self, *, deleted: bool) -> dict[str, int]:
        """As the API shows them. Recipients that are not summed yet are outstanding."""
        shown = (self.whole or self.current.totals).counts(deleted=deleted)
        missing = max(0, self.recipients - shown["recipients"])
        return {
            **shown,
            "recipients": shown["recipients"] + missing,
            "outstanding": shown["outstanding"] + missing,
        }
