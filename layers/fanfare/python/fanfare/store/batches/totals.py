"""Outcomes of the recipients of a message, summed from its batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from fanfare.aws.codec import Item, KeyRange
from fanfare.channels.receipts import Receipt
from fanfare.domain.batch import Totals, shards_of
from fanfare.domain.counting import Pages
from fanfare.domain.outcomes import Outcome, Reported, of_batch
from fanfare.store.batches.gathered import PREFIX, outcomes_of
from fanfare.store.batches.items import BatchItems
from fanfare.store.batches.rows import GATHERED, name_of, read_state, shard_pk
from fanfare.store.receipts import ReportedReceipts

SKIPS: Final = "skips#"  # prefix of a sort key


class BatchTotals:
    def __init__(self, items: BatchItems) -> None:
        self.items = items
        self.receipts = ReportedReceipts(items.table)

    def tally(self, message_id: str, shards: int, *, once: bool = False, receipts: bool = False) -> Totals:
        """The outcomes of all recipients so far; with `receipts`, also what the providers reported of them.

        `once`: read each shard with one query. A batch that settles meanwhile may be missing, so the caller must know
        the number of recipients.
        """
        totals = Totals()
        for shard in shards_of(shards):
            pk = shard_pk(message_id, shard)
            opened = {} if once else self._open(pk, KeyRange(prefix="open#"))
            # settled batches, open ones again, and skips
            reported = self.receipts.of_shard(message_id, shard) if receipts else {}
            totals += _sum(_latest(opened, self.items.query(pk, KeyRange(after="done"))), reported)
        return totals

    def tally_pages(self, message_id: str, pages: Pages, *, receipts: bool = False) -> tuple[Totals, int]:
        """The outcomes of the recipients on these pages, and the number of items read."""
        pk = shard_pk(message_id, pages.shard)
        first, end = f"{pages.shard:04d}-{pages.first:06d}", f"{pages.shard:04d}-{pages.end:06d}"
        opened = self._open(pk, KeyRange(after=f"open#{first}", before=f"open#{end}"))
        items = [
            *self.items.query(pk, KeyRange(after=f"done#{first}", before=f"done#{end}")),
            *self.items.query(pk, KeyRange(after=f"open#{first}", before=f"open#{end}")),
            *self.items.query(pk, KeyRange(after=_before(PREFIX, pages.first), before=f"{PREFIX}{pages.end:06d}")),
            *self.items.query(pk, KeyRange(after=_before(SKIPS, pages.first), before=f"{SKIPS}{pages.end:06d}")),
        ]
        batches = KeyRange(after=first, before=end)
        reported = self.receipts.of_shard(message_id, pages.shard, batches) if receipts else {}
        return _sum(_latest(opened, items), reported), len(opened) + len(items) + len(reported)

    def _open(self, pk: str, keys: KeyRange) -> dict[str, Item]:
        return {name_of(item): item for item in self.items.query(pk, keys)}


def _latest(opened: dict[str, Item], items: Iterable[Item]) -> Iterable[Item]:
    """Each batch of a shard, open or settled, and the skips of its pages.

    A query is not a snapshot: a batch that moves from `open#` to `done#`, or back, between two reads would be in
    neither or in both. So open batches are read before and after settled ones, and each counts once.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation
    """
    found = {**opened}
    for item in items:
        name = name_of(item) if item["sk"].startswith(("open#", "done#")) else item["sk"]
        before = found.get(name)
        if before is None or before["sk"].startswith("open#"):
            found[name] = item
    return found.values()


def _sum(items: Iterable[Item], reported: Mapping[str, Reported]) -> Totals:
    codes: Counter[str] = Counter()
    receipts: Counter[Receipt] = Counter()
    in_flight = 0
    for item in items:
        if item["sk"].startswith(PREFIX):
            codes.update(outcome.value for _, _, outcome, _ in outcomes_of(item[GATHERED]))
            continue
        if item["sk"].startswith(SKIPS):
            codes[Outcome.SKIPPED.value] += len(item["skips"])
            continue
        state = read_state(item)
        codes.update(state.codes)
        if state.id in reported:
            receipts += of_batch(state.codes, reported[state.id])
        if item["sk"].startswith("open#"):
            in_flight += len(state.handed_over)
    outcomes = Counter({Outcome(code): count for code, count in codes.items()})
    return Totals(codes=outcomes, in_flight=in_flight, receipts=receipts)


def _before(prefix: str, page: int) -> str:
    """A sort key before the item of this page, but not before that of the previous page."""
    return f"{prefix}{page - 1:06d}" if page else prefix
