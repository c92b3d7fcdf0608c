"""Turn one shard of a message's audience into batches, a page at a time.

A page is committed in one transaction: its batches, the skipped, what was counted against limits,
and the cursor moved from the value that was read. So a job that is repeated, resumed or run twice at
once changes nothing twice, and a crash loses nothing. Only then do the batches' ids go to the queues.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from fanfare.aws.queues import BATCH_LIMIT, DELAY_LIMIT, Queues
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.channels import CHANNELS
from fanfare.clock import Clock, from_text, to_text
from fanfare.domain.audience import User
from fanfare.domain.batch import Batch, BatchState, Skip, WaitReason, batch_id
from fanfare.domain.delivery import Delivery
from fanfare.domain.eligibility import Action, Candidate, Verdict, decide
from fanfare.domain.jobs import FanOutJob, Job
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, Progress, Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.pipeline.candidates import Candidates, Row, counted
from fanfare.pipeline.complete import complete
from fanfare.pipeline.redrive import reopen
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages

log = logging.getLogger(__name__)

T = TypeVar("T")

ROWS = 2_000  # subscriptions read at once
ITEMS = TRANSACTION_LIMIT  # of a page's transaction
PAGE = 2_000  # recipients of a page at most: their batches fit a transaction with room to spare
SPARE = 4  # items of a page's transaction beside batches, charges and skips: cursor, skips, removals, one to grow
CONFLICTS = 30  # in a row at the same page, before the job is left to be repeated


@dataclass
class Page:
    """What one transaction will commit."""

    progress: Progress
    batches: list[tuple[Batch, BatchState]] = field(default_factory=list)
    charges: dict[str, tuple[User, Mapping[str, Any]]] = field(default_factory=dict)
    skips: list[Skip] = field(default_factory=list)
    filling: dict[tuple[str, str | None], list[str]] = field(default_factory=dict)
    recipients: int = 0
    cursor: str | None = None

    @property
    def items(self) -> int:
        """Items of the transaction so far."""
        open_batches = sum(
            2 * -(-len(users) // CHANNELS[channel].batch_size) for (channel, _), users in self.filling.items()
        )
        return open_batches + len(self.charges) + len(self.skips) + SPARE


class FanOut:
    """The collaborators of a fan-out job; `run` is the use case."""

    def __init__(
        self,
        *,
        messages: Messages,
        audience: Audience,
        catalogue: Catalogue,
        batches: Batches,
        deliveries: Deliveries,
        queues: Queues,
        clock: Clock,
        stale_after: float,
        overall: Mapping[str, Mapping[str, Any]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.messages = messages
        self.audience = audience
        self.candidates = Candidates(audience=audience, catalogue=catalogue, overall=overall)
        self.batches = batches
        self.deliveries = deliveries
        self.queues = queues
        self.clock = clock
        self.stale_after = stale_after
        self.sleep = sleep

    def run(self, job: FanOutJob, *, time_left: Callable[[], float]) -> int:
        """Fan out until the shard is sealed or little time is left, then hand on. Returns the recipients chosen."""
        chosen = 0
        conflicts, stuck = 0, -1
        while True:
            known = self.messages.for_fan_out(job.message_id, job.shard)
            if known is None:
                log.warning("fan-out job for a message that does not exist", extra={"message_id": job.message_id})
                return chosen
            message, payload, progress = known
            if message.at_rest:
                return chosen
            try:
                if message.redriving:
                    self._reopen(message, job, time_left)
                    return chosen
                if progress.sealed or self._early(message, job):
                    return chosen
                self._activate(message)
                recipients, sealed = self._pages(message, payload, progress, time_left)
            except ConditionFailed as conflict:
                # somebody unsubscribed, was counted against a limit, moved the cursor, deleted it: read, decide again
                conflicts = conflicts + 1 if progress.page == stuck else 1
                stuck = progress.page
                if conflicts > CONFLICTS:
                    raise
                log.info("page decided again", extra={"message_id": message.id, "reasons": set(conflict.codes)})
                self.sleep(random.uniform(0, 0.02 * min(conflicts, 10)))  # noqa: S311 - jitter, not a secret
                continue
            chosen += recipients
            if sealed:
                shard = progress.shard
                complete(message.id, messages=self.messages, batches=self.batches, now=self.clock(), shard=shard)
                return chosen
            if time_left() < 0:
                self.queues.send_fan_out([job])
                return chosen

    def _reopen(self, message: Message, job: FanOutJob, time_left: Callable[[], float]) -> None:
        over = reopen(
            message,
            messages=self.messages,
            batches=self.batches,
            queues=self.queues,
            clock=self.clock,
            stale_after=self.stale_after,
            time_left=time_left,
        )
        if over:
            return
        try:
            # the reconciler sends no copy while one goes on
            due_at = self.clock() + timedelta(seconds=self.stale_after)
            self.messages.put_off(message.id, due_at, seen=message.due_at)
        except ConditionFailed:
            return  # deleted meanwhile, or another copy goes on
        self.queues.send_fan_out([job])

    def _early(self, message: Message, job: FanOutJob) -> bool:
        """A copy that came before its time goes back to wait for it."""
        if message.send_at is None:
            return False
        early = (from_text(message.send_at) - self.clock()).total_seconds()
        if 0 < early <= DELAY_LIMIT:
            self.queues.send_fan_out([job], delay=math.ceil(early))
        return early > 0

    def _activate(self, message: Message) -> None:
        if message.state is State.ACTIVE:
            return
        try:
            now = self.clock()
            due_at = now + timedelta(seconds=self.stale_after)
            self.messages.move(message.id, Transition(to=State.ACTIVE), now=now, due_at=due_at)
        except ConditionFailed:
            pass  # another shard's job did it, or the message was deleted: the next page's read tells

    def _pages(
        self, message: Message, payload: Payload, progress: Progress, time_left: Callable[[], float]
    ) -> tuple[int, bool]:
        """Commit pages until the rows read at once are used up: recipients chosen, and whether it is sealed."""
        removals = self.audience.subscriptions.removals(message.topic, progress.shard) if message.topic else 0
        stretch = self.candidates.stretch(
            message, payload, progress.shard, progress.cursor, now=self.clock(), limit=ROWS
        )
        topic = self.candidates.topic(message, self.clock())
        subscribers = payload.recipients is None
        candidates = self.candidates.of(message, payload, topic, stretch.rows, subscribers=subscribers)
        chosen = 0
        unsent: list[BatchState] = []
        upcoming = next(candidates, None)
        try:
            while True:
                now = self.clock()
                page = Page(progress, cursor=progress.cursor)
                while upcoming is not None and page.recipients < PAGE and self._place(page, *upcoming, now):
                    upcoming = next(candidates, None)
                progress = self._commit(message, page, removals, now, sealed=upcoming is None and not stretch.more)
                chosen += page.recipients
                unsent += [state for _, state in page.batches]
                if len(unsent) >= BATCH_LIMIT:
                    self._queue(unsent)
                    unsent = []
                if upcoming is None or time_left() < 0:
                    return chosen, progress.sealed
        finally:
            self._queue(unsent)

    def _place(self, page: Page, row: Row, candidate: Candidate | None, now: datetime) -> bool:
        """Decide a candidate and put it on the page; False when the page is full."""
        if candidate is None:
            page.cursor = row.position
            return True
        charged = page.charges.get(row.user_id)
        candidate = counted(candidate, charged[1] if charged else None)
        verdict = decide(candidate, now)
        if not self._fits(page, row, verdict):
            return False
        if verdict.action is Action.SKIP:
            page.skips.append(Skip(user_id=row.user_id, channel=row.channel, reason=verdict.reason or ""))
        else:
            page.filling.setdefault((row.channel, _slot(verdict)), []).append(row.user_id)
            if verdict.limits is not None and candidate.user is not None:
                first = charged[0] if charged else candidate.user
                page.charges[row.user_id] = (first, verdict.limits)
        page.recipients += 1
        page.cursor = row.position
        return True

    def _fits(self, page: Page, row: Row, verdict: Verdict) -> bool:
        more = 1 if verdict.action is Action.SKIP else 0
        if verdict.action is not Action.SKIP:
            users = page.filling.get((row.channel, _slot(verdict)), [])
            more += 2 if len(users) % CHANNELS[row.channel].batch_size == 0 else 0
            more += 1 if verdict.limits is not None and row.user_id not in page.charges else 0
        return page.items + more <= ITEMS

    def _commit(self, message: Message, page: Page, removals: int, now: datetime, *, sealed: bool) -> Progress:
        """The page in one transaction. Raises ConditionFailed, and then nothing of it happened."""
        read = page.progress
        chosen = read.recipients + page.recipients
        after = replace(
            read, page=read.page + 1, recipients=chosen, cursor=page.cursor, sealed=sealed, updated_at=to_text(now)
        )
        page.batches = list(self._batches(message, page, now))
        transaction = Transaction()
        self.messages.progress.advance(transaction, message, read, after)
        if message.topic:
            self.audience.subscriptions.check_removals(transaction, message.topic, read.shard, removals)
        for batch, state in page.batches:
            self.batches.open(transaction, batch, state)
        for user, limits in page.charges.values():
            self.audience.users.charge(transaction, user, limits)
        if page.skips:
            self.batches.skip(transaction, message.id, read.shard, read.page, page.skips, message.retain_until)
        for skip in page.skips:
            self.deliveries.record_in(transaction, _skipped(message, skip, now))
        transaction.run()
        return after

    def _batches(self, message: Message, page: Page, now: datetime) -> Iterator[tuple[Batch, BatchState]]:
        overdue = to_text(now + timedelta(seconds=self.stale_after))
        number = 0
        for (channel, slot), users in page.filling.items():
            for chunk in _chunks(users, CHANNELS[channel].batch_size):
                batch = Batch(
                    message_id=message.id,
                    shard=page.progress.shard,
                    id=batch_id(page.progress.shard, page.progress.page, number),
                    channel=channel,
                    recipients=tuple(chunk),
                )
                number += 1
                yield (
                    batch,
                    BatchState(
                        message_id=message.id,
                        shard=batch.shard,
                        id=batch.id,
                        channel=channel,
                        generation=1,
                        codes=Outcome.OUTSTANDING.value * len(chunk),
                        waiting=WaitReason.DEFERRED if slot else WaitReason.QUEUED,
                        due_at=slot or overdue,
                        retain_until=message.retain_until,
                    ),
                )

    def _queue(self, states: Sequence[BatchState]) -> None:
        """Send the ids of committed batches. A failure loses nothing: they are in the backup, and become overdue."""
        for channel in {state.channel for state in states}:
            jobs = [
                (Job(message_id=state.message_id, batch_id=state.id, generation=state.generation), 0)
                for state in states
                if state.channel == channel and state.waiting is WaitReason.QUEUED
            ]
            if jobs:
                self.queues.send_batches(channel, jobs)


def _slot(verdict: Verdict) -> str | None:
    """When it is due, where that is not now: recipients of the same time share a batch."""
    return to_text(verdict.until) if verdict.until else None


def _skipped(message: Message, skip: Skip, now: datetime) -> Delivery:
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


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
