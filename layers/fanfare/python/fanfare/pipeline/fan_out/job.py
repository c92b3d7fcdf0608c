"""A fan-out job: one shard of a message's audience is turned into batches, one page at a time.

A page is committed in one transaction: its batches, its skips, the charges against limits, and the cursor,
conditional on the value that was read. So a job can be repeated, resumed or run twice at once without duplicates, and
a crash loses nothing. The ids of the batches are queued after the commit.
"""

from __future__ import annotations

import json
import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from fanfare.aws.queues import BATCH_LIMIT, DELAY_LIMIT, Queues
from fanfare.aws.transactions import Transaction
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import BatchState, Skip, batch_id
from fanfare.domain.delivery import Delivery
from fanfare.domain.digests.windows import Gathered
from fanfare.domain.eligibility import Candidate
from fanfare.domain.jobs import FanOutJob
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, Progress, Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.pipeline.backoff import AHEAD
from fanfare.pipeline.complete import complete
from fanfare.pipeline.fan_out.candidates import Candidates, Row
from fanfare.pipeline.fan_out.page import FanOutPage
from fanfare.pipeline.redrive import Reopen, queue_batches
from fanfare.store.audience import Audience
from fanfare.store.audience.users import charge_of, check_present
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.windows import Windows, part_of

log = logging.getLogger(__name__)

ROWS = 2_000  # subscriptions per read
CONFLICTS = 30  # with other copies of the job in a row at the same page; then it fails and the queue repeats it
TRIES = 4  # of a page that changes of readers conflict with; the last one has no condition that a reader can break
NO_TIME = timedelta()
PLACE, REMOVALS, OWN = "place", "removals", "own data"  # names of parts of a page's transaction


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """The collaborators of a fan-out job; `run` is the use case."""

    messages: Messages
    audience: Audience
    candidates: Candidates
    batches: Batches
    windows: Windows
    deliveries: Deliveries
    queues: Queues
    clock: Clock
    stale_after: float
    sleep: Callable[[float], None] = time.sleep

    def run(self, job: FanOutJob, *, time_left: Callable[[], float]) -> int:
        """Fan out until the shard is sealed, or queue the job again if time runs out. Returns recipients chosen."""
        chosen = 0
        conflicts, stuck = 0, -1
        while True:
            known = self.messages.for_fan_out(job.message_id, job.shard)
            if known is None:
                log.warning("fan-out job for a message that does not exist", extra={"message_id": job.message_id})
                return chosen
            message, payload, progress = known
            try:
                if self._without_pages(message, progress, job, time_left):
                    return chosen
                contended = progress.page == stuck and conflicts >= TRIES
                recipients, sealed, opened = self._pages(message, payload, progress, time_left, contended=contended)
            except ConditionFailed as conflict:
                # another copy of the job or a deletion came between: read and decide again
                conflicts = conflicts + 1 if progress.page == stuck else 1
                stuck = progress.page
                if conflicts > CONFLICTS:
                    raise
                log.info("page decided again", extra={"message_id": message.id, "reasons": set(conflict.codes)})
                self.sleep(random.uniform(0, 0.02 * min(conflicts, 10)))  # noqa: S311 - jitter, not a secret
                continue
            chosen += recipients
            if sealed:
                if message.send_at is not None:
                    self._start(message, job)
                elif not opened:  # else the worker that settles its last batch completes the message
                    self._complete(job)
                return chosen
            if time_left() < 0:
                self.queues.send_fan_out([job])
                return chosen

    def _without_pages(
        self, message: Message, progress: Progress, job: FanOutJob, time_left: Callable[[], float]
    ) -> bool:
        """Do what the job is for if there is no page to commit. Returns whether that was all."""
        if message.at_rest or self._early(message) > AHEAD:
            return True
        if message.redriving:
            self._reopen(message, job, time_left)
            return True
        if progress.sealed:
            if message.send_at is not None and message.state is State.PENDING:
                self._start(message, job)
            return True
        if not self._early(message):
            self._activate(message)
        return False

    def _reopen(self, message: Message, job: FanOutJob, time_left: Callable[[], float]) -> None:
        Reopen(
            messages=self.messages,
            batches=self.batches,
            queues=self.queues,
            clock=self.clock,
            stale_after=self.stale_after,
        ).run(message, job, time_left=time_left)

    def _early(self, message: Message) -> timedelta:
        """Time until the message is due; its recipients are chosen before."""
        return max(NO_TIME, from_text(message.send_at) - self.clock()) if message.send_at is not None else NO_TIME

    def _start(self, message: Message, job: FanOutJob) -> None:
        """Start a scheduled message whose recipients are chosen, or have one job start it at its time."""
        early = self._early(message)
        if not early:
            self._activate(message)
            self._complete(job)  # all may be skipped
        elif job.shard == 0 and early <= timedelta(seconds=DELAY_LIMIT):
            self.queues.send_fan_out([job], delay=math.ceil(early.total_seconds()))

    def _complete(self, job: FanOutJob) -> None:
        complete(job.message_id, messages=self.messages, batches=self.batches, now=self.clock(), shard=job.shard)

    def _activate(self, message: Message) -> None:
        if message.state is State.ACTIVE:
            return
        try:
            now = self.clock()
            due_at = now + timedelta(seconds=self.stale_after)
            self.messages.move(message.id, Transition(to=State.ACTIVE), now=now, due_at=due_at)
        except ConditionFailed:
            pass  # another shard's job activated it, or it was deleted: the next read shows which

    def _pages(
        self, message: Message, payload: Payload, progress: Progress, time_left: Callable[[], float], *, contended: bool
    ) -> tuple[int, bool, bool]:
        """Commit pages until the rows of one read are used up. `contended`: what is over a limit waits, if need be.

        Returns recipients chosen, whether the shard is sealed, and whether the last page opened batches.
        """
        subscribers = payload.recipients is None
        removals = None
        now = self.clock()
        topic = self.candidates.topic(message, now)
        if message.topic and subscribers and not (topic and topic.required):
            removals = self.audience.subscriptions.removals(message.topic, progress.shard)
        rows = self.candidates.next_rows(message, payload, progress.shard, progress.cursor, now=now, limit=ROWS)
        # named recipients may be in any shard of the topic: the workers look at their subscriptions
        unchecked = topic is not None and not subscribers and not topic.required
        candidates = self.candidates.of(message, payload, topic, rows.rows, now=now, subscribers=subscribers)
        chosen = 0
        unsent: list[BatchState] = []
        try:
            upcoming = next(candidates, None)
            while True:
                page = FanOutPage.of(message, payload, progress, unchecked=unchecked)
                upcoming = _fill(page, upcoming, candidates)
                page.overflows &= not contended
                sealed = upcoming is None and not rows.more
                progress, opened = self._commit(message, payload, page, removals, sealed=sealed)
                chosen += page.recipients
                unsent += opened
                if len(unsent) >= BATCH_LIMIT:
                    unsent = self._queue(unsent)
                if upcoming is None or time_left() < 0:
                    break
        except Exception:
            self._queue_all_the_same(unsent)
            raise
        self._queue(unsent)
        return chosen, progress.sealed, bool(opened)

    def _commit(
        self, message: Message, payload: Payload, page: FanOutPage, removals: int | None, *, sealed: bool
    ) -> tuple[Progress, list[BatchState]]:
        """Commit a page in a bounded number of tries. Returns the new progress, and the batches that were opened.

        A reader who changes something between any two calls must not hold up the others. So a condition that failed
        is left out of the next try, and the worker asks about it before it sends. Raises ConditionFailed without a
        change if another copy of the job committed the page, the message was deleted, a recipient with own data was
        erased, or who is over the limit and goes into a digest has changed.
        """
        tries_left = TRIES
        while True:
            try:
                return self._try_to_commit(message, payload, page, removals, sealed=sealed)
            except ConditionFailed as conflict:
                tries_left -= 1
                if conflict.failed & _decided_again(page) or not tries_left:
                    raise
                _leave_to_workers(page, conflict, everything=tries_left == 1)
                log.info("left in part to the workers", extra={"message_id": message.id, "page": page.progress.page})

    def _try_to_commit(
        self, message: Message, payload: Payload, page: FanOutPage, removals: int | None, *, sealed: bool
    ) -> tuple[Progress, list[BatchState]]:
        """Commit a page in one transaction. Raises ConditionFailed without a change."""
        now, read = self.clock(), page.progress
        chosen = read.recipients + page.recipients
        after = replace(
            read, page=read.page + 1, recipients=chosen, cursor=page.cursor, sealed=sealed, updated_at=to_text(now)
        )
        opened = []
        transaction = Transaction()
        self.messages.progress.advance(transaction, message, read, after, name=PLACE)
        self.messages.own.copied(transaction, message, payload, last=sealed, name=OWN)
        if message.topic and removals is not None and not page.unchecked:
            self.audience.subscriptions.check_removals(transaction, message.topic, read.shard, removals, name=REMOVALS)
        for batch, state in page.batches(message, overdue=now + timedelta(seconds=self.stale_after)):
            opened.append(state)
            self.batches.open(transaction, batch, state, own=payload.own)
        for user, limits in page.charges.values():
            if user.id not in page.uncharged:
                self.audience.users.charge(transaction, user, limits)
        if page.skips:
            self.batches.skip(transaction, message.id, read.shard, read.page, page.skips, message.retain_until)
        for skip in page.skips:
            self.deliveries.record_in(transaction, skipped(message, skip, now))
        if page.gathered:
            self.batches.gathered.put(
                transaction, message.id, read.shard, read.page, page.gathered, message.retain_until
            )
        for each in page.gathered:
            self._gather(transaction, message, each, place=batch_id(read.shard, read.page, 0), now=now)
        transaction.run()
        return after, opened

    def _gather(
        self, transaction: Transaction, message: Message, gathered: Gathered, *, place: str, now: datetime
    ) -> None:
        """Put a recipient's message into the window, as part of a page's transaction."""
        self.windows.add(transaction, gathered, message.id, message.retain_until)
        self.deliveries.record_in(transaction, digested(message, gathered, place, now))
        if gathered.own is not None:
            check_present(transaction, self.audience.table, gathered.user_id)

    def _queue(self, states: Sequence[BatchState]) -> list[BatchState]:
        """Queue the ids of committed batches. Returns an empty list.

        A failure loses nothing: the batches are stored, become overdue, and the reconciler queues them.
        """
        queue_batches(states, self.queues, now=self.clock())
        return []

    def _queue_all_the_same(self, states: Sequence[BatchState]) -> None:
        """Queue committed batches after a later page failed: they need not become overdue. Errors are only logged."""
        try:
            self._queue(states)
        except Exception:
            log.exception("not queued; the reconciler will", extra={"batches": len(states)})


Upcoming = tuple[Row, Candidate | None] | None


def _fill(page: FanOutPage, upcoming: Upcoming, candidates: Iterator[tuple[Row, Candidate | None]]) -> Upcoming:
    """Add candidates to the page until it is full. Returns the first that does not fit, or None."""
    while upcoming is not None and page.add(*upcoming):
        upcoming = next(candidates, None)
    return upcoming


def _decided_again(page: FanOutPage) -> set[str]:
    """Names of parts of a page that no worker can decide if they have changed."""
    windows = {part_of(each.window.group) for each in page.gathered}
    return {PLACE, OWN, *windows, *(map(charge_of, page.charges) if page.overflows else ())}


def _leave_to_workers(page: FanOutPage, conflict: ConditionFailed, *, everything: bool) -> None:
    """Have the workers decide what changed since it was read; or all that readers can change."""
    page.unchecked |= everything or REMOVALS in conflict.failed
    page.uncharged |= {user for user in page.charges if everything or charge_of(user) in conflict.failed}


def digested(message: Message, gathered: Gathered, place: str, now: datetime) -> Delivery:
    """The record of a recipient in a window, which is the item of the window. `place`: the page, as a batch of it."""
    return Delivery(
        message_id=message.id,
        user_id=gathered.user_id,
        channel=gathered.channel,
        batch_id=place,
        status=Outcome.DIGESTED,
        updated_at=to_text(now),
        retain_until=message.retain_until,
        digest_id=gathered.window.id,
        own=json.dumps(gathered.own, ensure_ascii=False) if gathered.own is not None else None,
    )


def skipped(message: Message, skip: Skip, now: datetime) -> Delivery:
    """The record of a skipped recipient."""
    return Delivery(
        message_id=message.id,
        user_id=skip.user_id,
        channel=skip.channel,
        batch_id=None,
        status=Outcome.SKIPPED,
        reason=skip.reason,
        updated_at=to_text(now),
        retain_until=message.retain_until,
    )
