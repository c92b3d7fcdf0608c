"""Outcomes of the recipients of a message, summed from its batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.batch import Totals
from fanfare.domain.outcomes import Outcome
from fanfare.store.batches.rows import name_of, read_state, shard_pk


class BatchTotals:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def tally(self, message_id: str, shards: int, *, once: bool = False) -> Totals:
        """The outcome of every recipient so far.

        `once` reads each shard by one query, for a caller that knows how many there must be: a batch that
        settles meanwhile may be missing then.
        """
        codes: Counter[Outcome] = Counter()
        in_flight = 0
        for shard in range(shards):
            for item in self._states(shard_pk(message_id, shard), once=once):
                if item["sk"].startswith("skips#"):
                    codes[Outcome.SKIPPED] += len(item["skips"])
                    continue
                state = read_state(item)
                codes.update(Outcome(code) for code in state.codes)
                if item["sk"].startswith("open#"):
                    in_flight += len(state.handed_over)
        return Totals(codes=codes, in_flight=in_flight)

    def _states(self, pk: str, *, once: bool) -> Iterable[Item]:
        """Each batch of a shard, open or done, and the recipients that its pages skipped.

        A query is no snapshot: a batch that moves from `open#` to `done#`, or back, between two reads would be
        in neither, or in both. So what is open is read before and after what is done, and counts once.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation
        """
        found = {} if once else {name_of(item): item for item in self.table.query(pk, KeyRange(prefix="open#"))}
        for item in self.table.query(pk, KeyRange(after="done")):  # what is open once more, and the skips
            before = found.get(name_of(item))
            if before is None or before["sk"].startswith("open#"):
                found[name_of(item)] = item
        return found.values()
