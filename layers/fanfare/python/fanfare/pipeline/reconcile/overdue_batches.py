"""Overdue open batches: their next generation is queued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from fanfare.aws.queues import Queues
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, from_text
from fanfare.data_classes import dataclass
from fanfare.domain.batch import BatchState, WaitReason
from fanfare.domain.jobs import Job, job_of
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Transition
from fanfare.errors import ConditionFailed
from fanfare.pipeline.backoff import SOON, Pace, seconds_until
from fanfare.pipeline.reconcile.run import ReconcileRun
from fanfare.store.batches import Batches, next_due
from fanfare.store.messages import Messages

CHUNK = 100


@dataclass(frozen=True, kw_only=True)
class OverdueBatches:
    """Handles batches that are due."""

    messages: Messages
    batches: Batches
    queues: Queues
    clock: Clock
    pace: Pace

    def chunks(self, run: ReconcileRun) -> Iterator[None]:
        """Yields after each chunk."""
        due = self.batches.due(self.clock() + SOON, page=CHUNK)
        while chunk := list(islice(due, CHUNK)):
            with run.isolated("batches"):
                self.resend(self.batches.get_open_many(chunk), run)
            yield

    def resend(self, states: Iterable[BatchState], run: ReconcileRun) -> None:
        """Requeue the batches of a chunk. Their jobs are queued together, and each message is read once."""
        jobs: dict[str, list[tuple[Job, int]]] = {}
        known: dict[str, Message | None] = {}
        for state in states:
            if run.out_of_time:
                break
            with run.isolated("batch", message_id=state.message_id, batch_id=state.id):
                again = self._due_batch(state, known, run)
                if again is not None:
                    delay = seconds_until(from_text(state.due_at or again.due_at or ""), self.clock())
                    jobs.setdefault(again.channel, []).append((job_of(again), delay))
        for channel, copies in jobs.items():
            with run.isolated("queue", queue=channel):
                self.queues.send_batches(channel, copies)

    def _due_batch(self, state: BatchState, known: dict[str, Message | None], run: ReconcileRun) -> BatchState | None:
        """The state to queue for a batch that is due in the index, or None. `known` caches messages.

        A deferred batch is queued a moment before its time, with a delay, so that it leaves at its second.
        """
        now = self.clock()
        ahead = SOON if state.waiting is WaitReason.DEFERRED else timedelta()
        if state.due_at is not None and from_text(state.due_at) > now + ahead:
            return None  # it is not due yet, or the index lags slightly behind the table
        if state.message_id not in known:
            known[state.message_id] = self.messages.get(state.message_id)
        return self._requeue(state, known[state.message_id], now, run)

    def _requeue(
        self, state: BatchState, message: Message | None, now: datetime, run: ReconcileRun
    ) -> BatchState | None:
        """Leave a leased batch to its worker; start the next generation of any other.

        Batches of deleted or missing messages go to a worker, too: only a worker settles a batch, so the record of
        sent recipients is never overwritten.
        """
        if state.leased(now):
            self.batches.leases.put_off(state, from_text(state.lease_until or "") + timedelta(seconds=1))
            return None
        lost = state.waiting in (WaitReason.QUEUED, WaitReason.RETRY)
        run.late(self._first_due(state, now, lost=state.lost if lost else 0), now)
        if lost and message is not None and message.state is State.ACTIVE:
            self._mark_stale(message, now, run)
        begins = max(now, from_text(state.due_at)) if state.due_at else now
        due_at = next_due(begins, self.pace.stale_after, state.lost + 1 if lost else 0)
        again = self.batches.leases.requeue(state, due_at=due_at, lost=state.lost + lost, now=now)
        run.done["batch_resent"] += 1
        return again

    def _first_due(self, state: BatchState, now: datetime, *, lost: int) -> datetime:
        """When the batch was due before it was first lost.

        The n-th loss postponed it by `next_due(…, stale_after, n)`; these delays are subtracted, the last one first.
        """
        due_at = from_text(state.due_at) if state.due_at else now
        for times in range(lost, 0, -1):
            put_off = next_due(due_at, self.pace.stale_after, times) - due_at
            due_at -= put_off
        return due_at

    def _mark_stale(self, message: Message, now: datetime, run: ReconcileRun) -> None:
        try:
            due_at = now + timedelta(seconds=self.pace.stale_after)
            self.messages.move(message.id, Transition(to=State.STALE, reason=Reason.BATCH_LOST), now=now, due_at=due_at)
            run.done["message_stale"] += 1
        except ConditionFailed:
            pass  # already stale, because of another batch or another run
