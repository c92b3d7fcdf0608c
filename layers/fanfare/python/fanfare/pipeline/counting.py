"""Counts of a running message, and of a cancelled one.

Counts are summed from the batches, so there is no hot counter and nothing is counted twice. Reading all batches of a
message with a million recipients takes about 2,000 read units, from the partitions that its workers use. So only small
messages are summed at each request. For a large message, a request sums one part and stores the position; all requests
together use at most `UNITS_PER_SECOND` on average, and the other requests return the stored counts. Counters written by
the workers would avoid the reads, but a counter per shard is a hot item that makes transactions fail, and a counter
per page costs two more write units per batch.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from fanfare.clock import to_text
from fanfare.domain.batch import Totals
from fanfare.domain.counting import Count, RunningCount
from fanfare.domain.message import Message
from fanfare.errors import ConditionFailed, Unavailable
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages

EXACT: Final = 10_000  # recipients; up to this number, they are summed at each request: 20 read units
UNITS_PER_SECOND: Final = 40.0
UNITS_PER_ITEM: Final = 0.08  # a unit is 4 KB; an open batch with 50 recipients has 330 bytes, a settled one 200
ITEMS_PER_LOOK: Final = 4_000
ITEMS_PER_CANCELLATION: Final = 40_000  # two million recipients by e-mail: 4 s
CLAIM: Final = timedelta(seconds=30)  # longer than a request takes


def count_so_far(
    message: Message,
    about: int,
    known: RunningCount | None,
    *,
    deleted: bool,
    messages: Messages,
    batches: Batches,
    now: datetime,
) -> dict[str, int]:
    """The counts of a message: exact for up to `EXACT` recipients, else as of the last sum."""
    if known is None and about <= EXACT:
        return batches.totals.tally(message.id, message.shards).counts(deleted=deleted)
    count = known if known and known.recipients else replace(known or RunningCount(), recipients=about)
    if count.next_at <= to_text(now):
        try:
            messages.counts.claim(message, known, until=to_text(now + CLAIM))
        except ConditionFailed:
            pass  # another request is summing
        else:
            count = _further(message, count, messages=messages, batches=batches, now=now)
            messages.counts.keep(message, count)
    return count.counts(deleted=deleted)


def _further(
    message: Message, count: RunningCount, *, messages: Messages, batches: Batches, now: datetime
) -> RunningCount:
    """The count after the next part."""
    progress = messages.progress.of(message)
    current, items, whole = count.current, 0, True
    for pages in current.remaining(progress):
        if items >= ITEMS_PER_LOOK:
            whole = False
            break
        totals, read = batches.totals.tally_pages(message.id, pages)
        current = current.plus(pages, totals)
        items += read
    units = items * UNITS_PER_ITEM + len(progress)
    return RunningCount(
        recipients=sum(each.recipients for each in progress),
        whole=current.totals if whole else count.whole,
        current=Count() if whole else current,
        next_at=to_text(now + timedelta(seconds=units / UNITS_PER_SECOND)),
    )


def count_cancelled(message: Message, *, messages: Messages, batches: Batches, now: datetime) -> Totals:
    """The totals of a deleted message, with each batch as it was after the deletion.

    Raises Unavailable after a part of a very large message; the next request continues.
    """
    # a page that is committed later would be missing
    progress = messages.progress.seal(message, now=now)
    if sum(each.page for each in progress) <= message.shards:  # one page each: as cheap, no stored position needed
        return batches.totals.tally(message.id, message.shards)
    read = messages.counts.cancelled(message.id)
    count, items = read, 0
    for pages in read.remaining(progress):
        if items >= ITEMS_PER_CANCELLATION:
            _keep_cancelled(message, read, count, messages)
            raise Unavailable(
                f"The message is deleted. {count.totals.recipients:,} of its recipients are counted. "
                "Repeat the request to count the rest."
            )
        totals, found = batches.totals.tally_pages(message.id, pages)
        count = count.plus(pages, totals)
        items += found
    return count.totals


def _keep_cancelled(message: Message, read: Count, count: Count, messages: Messages) -> None:
    with suppress(ConditionFailed):  # another request got at least as far
        messages.counts.keep_cancelled(message, read, count)
