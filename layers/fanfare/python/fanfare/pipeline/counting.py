"""Counts of a message while it runs, and of a cancelled one.

They are summed from the batches, so no counter is hot or counts twice. Reading all batches of a message with a million
recipients takes some 2,000 read units, from the partitions that its workers use. So only small messages are summed at
each request. Of a large one, a request sums a part at most, no more per second than `UNITS_PER_SECOND` on average
over all requests, and stores how far it came; every other request answers with what is stored. Sums kept by the
workers would avoid the reads, but a counter per shard is a hot item that makes their transactions fail, and one per
page costs two more write units for each batch.
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

EXACT: Final = 10_000  # recipients that are summed at each request: 20 read units
UNITS_PER_SECOND: Final = 40.0
UNITS_PER_ITEM: Final = 0.08  # of 4 KB; an open one with fifty recipients has 330 bytes, a settled one 200
ITEMS_PER_LOOK: Final = 4_000
ITEMS_PER_CANCELLATION: Final = 40_000  # of two million recipients by e-mail: 4 s
CLAIM: Final = timedelta(seconds=30)  # longer than a request lives


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
    """The counts of a message: exact for up to `EXACT` recipients, else as of the last time that they were summed."""
    if known is None and about <= EXACT:
        return batches.totals.tally(message.id, message.shards).counts(deleted=deleted)
    count = known if known and known.recipients else replace(known or RunningCount(), recipients=about)
    if count.next_at <= to_text(now):
        try:
            messages.counts.claim(message, known, until=to_text(now + CLAIM))
        except ConditionFailed:
            pass  # another request sums
        else:
            count = _further(message, count, messages=messages, batches=batches, now=now)
            messages.counts.keep(message, count)
    return count.counts(deleted=deleted)


def _further(
    message: Message, count: RunningCount, *, messages: Messages, batches: Batches, now: datetime
) -> RunningCount:
    """The count with its next part."""
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
    """The sums of a message that is deleted, as each batch was after the deletion.

    Raises Unavailable after a part of a very large one: the next request goes on.
    """
    # a page that is committed later would be missing
    progress = messages.progress.seal(message, now=now)
    if sum(each.page for each in progress) <= message.shards:  # no more than a page each: as cheap, and no item to read
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
    with suppress(ConditionFailed):  # another request came as far, or further
        messages.counts.keep_cancelled(message, read, count)
