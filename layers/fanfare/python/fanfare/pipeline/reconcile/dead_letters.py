"""Dead letters: outstanding work is queued again with backoff; dead letters of settled work are removed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from fanfare.aws.queues import DeadLetter, Queues
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.jobs import FanOutJob, Job, job_of, read_fan_out_body, read_job_body
from fanfare.domain.message import unsealed_shards
from fanfare.errors import ConditionFailed
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.reconcile.run import ReconcileRun
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages

log = logging.getLogger(__name__)

CHUNK = 10  # per queue: the limit of one SQS call


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """Empties the dead-letter queues."""

    messages: Messages
    batches: Batches
    queues: Queues
    clock: Clock
    pace: Pace

    def chunks(self, run: ReconcileRun) -> Iterator[None]:
        """Yields after one chunk of each queue."""
        names = [*self.queues.dead_letters]
        while names:
            names = [name for name in names if self._chunk(name, run)]
            yield

    def _chunk(self, name: str, run: ReconcileRun) -> bool:
        """Handle some dead letters of a queue. Returns whether it may have more; these stay hidden in this run."""
        letters: list[DeadLetter] = []
        with run.isolated("queue", queue=name):
            letters = self.queues.receive_dead_letters(name, limit=CHUNK)
        for letter in letters:
            if run.out_of_time:
                return False
            with run.isolated("dead_letter", queue=name):
                self._dead_letter(name, letter, run)
        return len(letters) == CHUNK

    def _dead_letter(self, name: str, letter: DeadLetter, run: ReconcileRun) -> None:
        try:
            job = read_fan_out_body(letter.body) if name == "fan_out" else read_job_body(letter.body)
        except (KeyError, ValueError):
            log.error("dead letter is not a valid job; it stays in the queue", extra={"queue": name})
            return
        try:
            sent = self._fan_out(job) if isinstance(job, FanOutJob) else self._batch(name, job)
            run.done["dead_letter_redriven" if sent else "dead_letter_settled"] += 1
        except ConditionFailed:
            run.done["batch_moved_meanwhile"] += 1
        self.queues.remove_dead_letter(name, letter)

    def _fan_out(self, job: FanOutJob) -> bool:
        """Queue the job again if its shard or a redrive is unfinished. Returns whether it was queued."""
        known = self.messages.with_progress(job.message_id)
        if known is None or known[0].at_rest:
            return False
        message, progress = known
        if not message.redriving and all(each.shard != job.shard for each in unsealed_shards(message, progress)):
            return False
        self.queues.send_fan_out([job], delay=round(self.pace.delay(message.lost)))
        return True

    def _batch(self, channel: str, job: Job) -> bool:
        """Queue the next generation of its batch, unless settled or in progress. Returns whether it was queued."""
        state = self.batches.get_open(job.message_id, job.batch_id)
        now = self.clock()
        if state is None or state.generation != job.generation:
            return False
        if state.leased(now) or state.awaits_event(now):  # a worker is sending it, or an event may come
            return False
        delay = self.pace.delay(state.attempts)
        due_at = now + timedelta(seconds=delay + self.pace.stale_after)
        again = self.batches.leases.requeue(state, due_at=due_at, lost=state.lost, now=now)
        self.queues.send_batches(channel, [(job_of(again), round(delay))])
        return True
