"""Counts and receipts of a running message, receipts of one at rest, and counts of a cancelled one.

Counts are summed from the batches, so there is no hot counter and nothing is counted twice. Reading all batches of a
message with a million recipients takes about 2,000 read units, from the partitions that its workers use. So only small
messages are summed at each request. For a large message, a request sums one part and stores the position; all requests
together use at most `UNITS_PER_SECOND` on average, and the other requests return the stored counts. Counters written by
the workers would avoid the reads, but a counter per shard is a hot item that makes transactions fail, and a counter
per page costs two more write units per batch.

Receipts come for days after the end of a message. Its sums are then kept for longer the longer it has been at rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from fanfare.channels import REPORTING
from fanfare.channels.receipts import Receipt
from fanfare.clock import from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import Totals
from fanfare.domain.counting import Count, RunningCount
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Progress
from fanfare.errors import ConditionFailed, Unavailable
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages

EXACT: Final = 10_000  # recipients; up to this number, they are summed at each request: 20 read units
UNITS_PER_SECOND: Final = 40.0
UNITS_PER_ITEM: Final = 0.08  # a unit is 4 KB; an open batch with 50 recipients has 330 bytes, a settled one 200
ITEMS_PER_LOOK: Final = 4_000
ITEMS_PER_CANCELLATION: Final = 40_000  # two million recipients by e-mail: 4 s
SHARDS_AT_REST: Final = 4  # up to this number, receipts of a small message at rest are summed at each request
ITEMS_AT_REST: Final = 40_000  # per look: no worker uses the partitions
TOO_OLD: Final = timedelta(minutes=1)  # a part of a sum at rest: receipts have come since
KEPT_AT_REST: Final = timedelta(minutes=10)
PART_AT_REST: Final = 100  # sums are kept for this part of the time at rest
CLAIM: Final = timedelta(seconds=30)  # longer than a request takes


@dataclass(frozen=True)
class Sums:
    """Counts as in the API, and receipts of those sent."""

    counts: Mapping[str, int]
    receipts: Mapping[Receipt, int]


def reports(message: Message) -> bool:
    """Whether the provider of one of its channels sends receipts."""
    return not REPORTING.isdisjoint(message.channels)


def count_so_far(
    message: Message,
    about: int,
    known: RunningCount | None,
    *,
    messages: Messages,
    batches: Batches,
    now: datetime,
) -> Sums:
    """The sums of a message: exact for up to `EXACT` recipients, else as of the last sum."""
    deleted = message.state is State.DELETED
    at_once = about <= EXACT and (not message.at_rest or message.shards <= SHARDS_AT_REST)
    if at_once and (known is None or message.at_rest):
        totals = batches.totals.tally(message.id, message.shards, receipts=reports(message))
        return Sums(totals.counts(deleted=deleted), totals.receipts)
    count = known if known and known.recipients else replace(known or RunningCount(), recipients=about)
    if count.next_at <= to_text(now):
        try:
            messages.counts.claim(message, known, until=to_text(now + CLAIM))
        except ConditionFailed:
            pass  # another request is summing
        else:
            count = _further(message, count, messages=messages, batches=batches, now=now)
            messages.counts.keep(message, count)
    return Sums(count.counts(deleted=deleted), count.receipts)


def _further(
    message: Message, count: RunningCount, *, messages: Messages, batches: Batches, now: datetime
) -> RunningCount:
    """The count after the next part."""
    progress = messages.progress.of(message)
    current, items, whole = count.current, 0, True
    if message.at_rest and not (count.next_at and now - from_text(count.next_at) < TOO_OLD):
        current = Count()
    most = ITEMS_AT_REST if message.at_rest else ITEMS_PER_LOOK
    for pages in current.remaining(progress):
        if items >= most:
            whole = False
            break
        totals, read = batches.totals.tally_pages(message.id, pages, receipts=reports(message))
        current = current.plus(pages, totals)
        items += read
    pause = timedelta(seconds=(items * UNITS_PER_ITEM + len(progress)) / UNITS_PER_SECOND)
    if message.at_rest and whole:
        quiet = now - from_text(message.timeline[-1]["at"])
        pause = max(pause, min(quiet / PART_AT_REST, KEPT_AT_REST))
    return RunningCount(
        recipients=sum(each.recipients for each in progress),
        whole=current.totals if whole else count.whole,
        current=Count() if whole else current,
        next_at=to_text(now + pause),
    )


def count_cancelled(message: Message, *, sealed: Sequence[Progress], messages: Messages, batches: Batches) -> Totals:
    """The totals of a deleted message, with each batch as it was after the deletion.

    `sealed`: the progress of its shards, sealed: a page that is committed later would be missing. Raises Unavailable
    after a part of a very large message; the next request continues.
    """
    if sum(each.page for each in sealed) <= message.shards:  # one page each: as cheap, no stored position needed
        return batches.totals.tally(message.id, message.shards)
    read = messages.counts.cancelled(message.id)
    count, items = read, 0
    for pages in read.remaining(sealed):
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
