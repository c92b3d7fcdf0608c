"""The control loop: find what is overdue in the backup and the dead letters, re-send it, settle states.

It asks for age, open-ended, never for a window: whatever was lost while nobody looked is found when
somebody looks again. A run goes on until nothing is due or its time is up, and two runs at once do no
harm: each change has the state that was read as its condition.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice

from fanfare.aws.queues import DeadLetter, Queues
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, from_text, to_text
from fanfare.domain.batch import BatchState, WaitReason
from fanfare.domain.jobs import FanOutJob, Job, read_fan_out_body, read_job_body
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Progress, Transition, every_shard_sealed, unsealed_shards
from fanfare.errors import ConditionFailed
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.complete import complete
from fanfare.store.batches import Batches, next_due
from fanfare.store.messages import Messages

log = logging.getLogger(__name__)

OVER = object()
# Of each kind of work so much is done in turn
MESSAGES_A_TURN = 100
BATCHES_A_TURN = 100
LETTERS_A_TURN = 10  # of each queue


class Reconcile:
    """The collaborators of the control loop; `run` is the use case."""

    def __init__(
        self,
        *,
        messages: Messages,
        batches: Batches,
        queues: Queues,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self.messages = messages
        self.batches = batches
        self.queues = queues
        self.clock = clock
        self.pace = pace
        self.done: Counter[str] = Counter()
        self.oldest_due_seconds = 0.0

    def run(self, *, time_left: Callable[[], float]) -> Counter[str]:
        """Until nothing is due or the time is up; in turns, so that no kind of work waits for all of another.

        Returns what was done, by kind; `oldest_due_seconds` is how late the latest was that it met.
        """
        self.done = Counter()
        self.oldest_due_seconds = 0.0
        work = [self._dead_letters(time_left), self._due_messages(time_left), self._due_batches(time_left)]
        while work and time_left() > 0:
            # a turn begins with reads of every shard: none is begun if the time is up
            work = [each for each in work if time_left() > 0 and self._turn(each)]
        return self.done

    def _turn(self, work: Iterator[None]) -> bool:
        """Whether there may be more of it after this turn."""
        with self._apart("work"):
            return next(work, OVER) is not OVER
        return False

    @contextmanager
    def _apart(self, kind: str, **said: str) -> Iterator[None]:
        """What goes wrong with one thing is told, counted as `reconcile_failed`, and keeps nothing else waiting."""
        try:
            yield
        except ConditionFailed:
            self.done[f"{kind}_moved_meanwhile"] += 1
        except Exception:
            self.done["reconcile_failed"] += 1
            log.exception("left to the next run", extra={"kind": kind, **said})

    def _late(self, since: datetime, now: datetime) -> None:
        self.oldest_due_seconds = max(self.oldest_due_seconds, (now - since).total_seconds())

    # Messages

    def _due_messages(self, time_left: Callable[[], float]) -> Iterator[None]:
        due = self.messages.due(self.clock(), page=MESSAGES_A_TURN)
        while some := list(islice(due, MESSAGES_A_TURN)):
            for message_id in some:
                if time_left() < 0:
                    return
                with self._apart("message", message_id=message_id):
                    known = self.messages.with_progress(message_id)
                    if known is not None:
                        self._message(*known)
            yield

    def _message(self, message: Message, progress: Sequence[Progress]) -> None:
        """One message whose time has come."""
        now = self.clock()
        if message.due_at is None or message.at_rest or from_text(message.due_at) > now:
            return  # the index lags a little behind the table
        self._late(from_text(message.due_at), now)
        if message.send_at is not None and message.due_at < message.send_at:
            self._begin(message, from_text(message.send_at), now)
        elif message.redriving:
            self._put_off(message, now)
            self.queues.send_fan_out([FanOutJob(message.id, 0)])
            self.done["redrive_resumed"] += 1
        elif every_shard_sealed(message, progress):
            if complete(message.id, messages=self.messages, batches=self.batches, now=now):
                self.done["message_finished"] += 1
            else:  # batches are open, and have due times of their own: look less often as time goes by
                age = (now - from_text(message.created_at)).total_seconds()
                self._put_off(message, now, seconds=min(max(age / 2, self.pace.stale_after), 3_600))
        else:
            self._resume(message, progress, now)

    def _begin(self, message: Message, send_at: datetime, now: datetime) -> None:
        """Queue the fan-out of a scheduled message for its second."""
        patience = max(send_at, now) + timedelta(seconds=self.pace.stale_after)
        self.messages.put_off(message.id, patience, seen=message.due_at)
        delay = max(0, math.ceil((send_at - now).total_seconds()))
        self.queues.send_fan_out([FanOutJob(message.id, shard) for shard in range(message.shards)], delay=delay)
        self.done["scheduled_message_begun"] += 1

    def _resume(self, message: Message, progress: Sequence[Progress], now: datetime) -> None:
        """Queue again the fan-out jobs of shards that have stood still."""
        quiet_since = to_text(now - timedelta(seconds=self.pace.stale_after))
        lost = [each for each in unsealed_shards(message, progress) if (each.updated_at or "") <= quiet_since]
        if not lost:
            self._put_off(message, now)
            return
        due_at = next_due(now, self.pace.stale_after, message.lost)
        if message.state is State.STALE:
            self._late(from_text(message.timeline[-1]["at"]), now)
            self.messages.put_off(message.id, due_at, seen=message.due_at)
        else:
            lost_again = Transition(to=State.STALE, reason=Reason.FAN_OUT_LOST, sets={"lost": message.lost + 1})
            self.messages.move(message.id, lost_again, now=now, due_at=due_at)
        self.queues.send_fan_out([FanOutJob(message.id, each.shard) for each in lost])
        self.done["fan_out_resent"] += len(lost)

    def _put_off(self, message: Message, now: datetime, *, seconds: float | None = None) -> None:
        due_at = now + timedelta(seconds=self.pace.stale_after if seconds is None else seconds)
        self.messages.put_off(message.id, due_at, seen=message.due_at)

    # Batches

    def _due_batches(self, time_left: Callable[[], float]) -> Iterator[None]:
        due = self.batches.due(self.clock(), page=BATCHES_A_TURN)
        while some := list(islice(due, BATCHES_A_TURN)):
            with self._apart("batches"):
                states = self.batches.get_open_many(some)
                self._due(states, time_left)
            yield

    def _due(self, states: Iterable[BatchState], time_left: Callable[[], float]) -> None:
        """Deal with open batches whose time has come, and queue those that are to be sent again, together."""
        jobs: dict[str, list[tuple[Job, int]]] = {}
        known: dict[str, Message | None] = {}
        for state in states:
            if time_left() < 0:
                break
            with self._apart("batch", message_id=state.message_id, batch_id=state.id):
                again = self._due_batch(state, known)
                if again is not None:
                    job = Job(message_id=again.message_id, batch_id=again.id, generation=again.generation)
                    jobs.setdefault(again.channel, []).append((job, 0))
        for channel, copies in jobs.items():
            with self._apart("queue", queue=channel):
                self.queues.send_batches(channel, copies)

    def _due_batch(self, state: BatchState, known: dict[str, Message | None]) -> BatchState | None:
        """One batch that the index shows as due, as it is to be sent again. `known` keeps the messages of a turn."""
        now = self.clock()
        if state.due_at is not None and from_text(state.due_at) > now:
            return None  # the index lags a little behind the table
        if state.message_id not in known:
            known[state.message_id] = self.messages.get(state.message_id)
        return self._batch(state, known[state.message_id], now)

    def _batch(self, state: BatchState, message: Message | None, now: datetime) -> BatchState | None:
        """One open batch that is due: leave it to its worker, or start its next generation.

        What is deleted, or forgotten, goes to a worker, too: that one ends it, and nobody else writes over what was
        sent of it.
        """
        if state.leased(now):
            self.batches.put_off(state, from_text(state.lease_until or "") + timedelta(seconds=1))
            return None
        lost = state.waiting in (WaitReason.QUEUED, WaitReason.RETRY)
        self._late(self._first_due(state, now, lost=state.lost if lost else 0), now)
        if lost and message is not None and message.state is State.ACTIVE:
            self._mark_stale(message, now)
        due_at = next_due(now, self.pace.stale_after, state.lost + 1 if lost else 0)
        again = self.batches.leases.requeue(state, due_at=due_at, lost=state.lost + lost, now=now)
        self.done["batch_resent"] += 1
        return again

    def _first_due(self, state: BatchState, now: datetime, *, lost: int) -> datetime:
        """When it was due before it was first lost: each loss has put it off for longer."""
        due_at = from_text(state.due_at) if state.due_at else now
        for times in range(lost, 0, -1):
            due_at -= next_due(due_at, self.pace.stale_after, times) - due_at
        return due_at

    def _mark_stale(self, message: Message, now: datetime) -> None:
        try:
            due_at = now + timedelta(seconds=self.pace.stale_after)
            self.messages.move(message.id, Transition(to=State.STALE, reason=Reason.BATCH_LOST), now=now, due_at=due_at)
            self.done["message_stale"] += 1
        except ConditionFailed:
            pass  # stale already, by another batch of this run or another run

    # Dead letters

    def _dead_letters(self, time_left: Callable[[], float]) -> Iterator[None]:
        names = [*self.queues.dead_letters]
        while names:
            names = [name for name in names if self._some_letters(name, time_left)]
            yield

    def _some_letters(self, name: str, time_left: Callable[[], float]) -> bool:
        """Some dead letters of a queue; whether it may have more. What is left in it stays hidden for this run."""
        letters: list[DeadLetter] = []
        with self._apart("queue", queue=name):
            letters = self.queues.receive_dead_letters(name, limit=LETTERS_A_TURN)
        for letter in letters:
            if time_left() < 0:
                return False
            with self._apart("dead_letter", queue=name):
                self._dead_letter(name, letter)
        return len(letters) == LETTERS_A_TURN

    def _dead_letter(self, name: str, letter: DeadLetter) -> None:
        """Re-drive what is still outstanding, with backoff; remove what is settled already."""
        try:
            job = read_fan_out_body(letter.body) if name == "fan_out" else read_job_body(letter.body)
        except (KeyError, ValueError):
            log.error("a dead letter that is no job stays where it is", extra={"queue": name})
            return
        try:
            if isinstance(job, FanOutJob):
                self._fan_out_letter(job)
            else:
                self._batch_letter(name, job)
        except ConditionFailed:
            self.done["batch_moved_meanwhile"] += 1
        self.queues.remove_dead_letter(name, letter)

    def _fan_out_letter(self, job: FanOutJob) -> None:
        known = self.messages.with_progress(job.message_id)
        if known is None or known[0].at_rest:
            self.done["dead_letter_settled"] += 1
            return
        message, progress = known
        if message.redriving or any(each.shard == job.shard for each in unsealed_shards(message, progress)):
            self.queues.send_fan_out([job], delay=round(self.pace.delay(message.lost)))
            self.done["dead_letter_redriven"] += 1
        else:
            self.done["dead_letter_settled"] += 1

    def _batch_letter(self, channel: str, job: Job) -> None:
        state = self.batches.get_open(job.message_id, job.batch_id)
        now = self.clock()
        if state is None or state.generation != job.generation:
            self.done["dead_letter_settled"] += 1
            return
        if state.leased(now) or state.awaits_event(now):  # a worker is at it after all, or the provider will tell
            self.done["dead_letter_settled"] += 1
            return
        delay = self.pace.delay(state.attempts)
        due_at = now + timedelta(seconds=delay + self.pace.stale_after)
        again = self.batches.leases.requeue(state, due_at=due_at, lost=state.lost, now=now)
        copy = Job(message_id=again.message_id, batch_id=again.id, generation=again.generation)
        self.queues.send_batches(channel, [(copy, round(delay))])
        self.done["dead_letter_redriven"] += 1
