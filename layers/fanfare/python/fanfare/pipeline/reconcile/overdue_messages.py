"""Overdue messages: scheduled ones are started, lost fan-outs are re-sent, finished messages are completed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from fanfare.aws.queues import Queues
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.batch import WaitReason
from fanfare.domain.jobs import FanOutJob
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Progress, Transition, every_shard_sealed, unsealed_shards
from fanfare.pipeline.backoff import SOON, START, Pace, seconds_until
from fanfare.pipeline.complete import complete
from fanfare.pipeline.reconcile.overdue_batches import OverdueBatches
from fanfare.pipeline.reconcile.run import ReconcileRun
from fanfare.store.batches import Batches, next_due
from fanfare.store.messages import Messages

CHUNK = 100


@dataclass(frozen=True, kw_only=True)
class OverdueMessages:
    """Handles messages that are due."""

    messages: Messages
    batches: Batches
    queues: Queues
    clock: Clock
    pace: Pace

    def chunks(self, run: ReconcileRun) -> Iterator[None]:
        """Yields after each chunk."""
        due = self.messages.due(self.clock() + SOON, page=CHUNK)
        while chunk := list(islice(due, CHUNK)):
            for message_id in chunk:
                if run.out_of_time:
                    return
                with run.isolated("message", message_id=message_id):
                    known = self.messages.with_progress(message_id)
                    if known is not None:
                        self._message(*known, run)
            yield

    def _message(self, message: Message, progress: Sequence[Progress], run: ReconcileRun) -> None:
        """Handle one message that is due, or whose deferred batches in its own item are due soon."""
        now = self.clock()
        if message.due_at is None or from_text(message.due_at) > now + SOON:
            return  # the index lags slightly behind the table
        if message.short and not message.redriving and self._resend_short(message, now, run):
            return
        if message.at_rest or from_text(message.due_at) > now:
            return
        run.late(from_text(message.due_at), now)
        if message.send_at is not None and message.due_at < message.send_at:
            self._choose(message, progress, from_text(message.send_at), now, run)
        elif message.redriving:
            self._put_off(message, now)
            self.queues.send_fan_out([FanOutJob(message.id, 0)])
            run.done["redrive_resumed"] += 1
        elif every_shard_sealed(message, progress):
            message = self._started(message, now)
            if complete(message.id, messages=self.messages, batches=self.batches, now=now):
                run.done["message_finished"] += 1
            else:  # open batches have their own due times: check the message less often as it gets older
                age = (now - from_text(message.created_at)).total_seconds()
                self._put_off(message, now, seconds=min(max(age / 2, self.pace.stale_after), 3_600))
        else:
            self._resume(message, progress, now, run)

    def _resend_short(self, message: Message, now: datetime, run: ReconcileRun) -> bool:
        """Queue batches in the message's own item that are due, or due soon and deferred. Whether one is open."""
        states = [*self.batches.open_batches(message.id, message.shards)]
        soon = {WaitReason.DEFERRED: to_text(now + SOON)}
        due = [state for state in states if (state.due_at or "") <= soon.get(state.waiting, to_text(now))]
        if due:
            OverdueBatches(
                messages=self.messages, batches=self.batches, queues=self.queues, clock=self.clock, pace=self.pace
            ).resend(due, run)
        elif states and (message.due_at or "") <= to_text(now):
            self.messages.put_off(
                message.id, from_text(min(state.due_at or "" for state in states)), seen=message.due_at
            )
        return bool(states)

    def _choose(
        self, message: Message, progress: Sequence[Progress], send_at: datetime, now: datetime, run: ReconcileRun
    ) -> None:
        """Before its time, queue its fan-out. Shortly before it, queue its start with a delay, too."""
        patience = timedelta(seconds=self.pace.stale_after)
        unsealed = [*unsealed_shards(message, progress)]
        starts = now >= send_at - START
        if starts:
            due_at = max(send_at, now) + patience
        else:
            due_at = min(now + patience, send_at - START) if unsealed else send_at - START
        self.messages.put_off(message.id, due_at, seen=message.due_at)
        quiet_since = to_text(now - patience)
        lost = [each.shard for each in unsealed if (each.updated_at or "") <= quiet_since]
        self.queues.send_fan_out([FanOutJob(message.id, shard) for shard in lost])
        if starts:
            self.queues.send_fan_out([FanOutJob(message.id, 0)], delay=seconds_until(send_at, now))
            run.done["scheduled_message_begun"] += 1

    def _started(self, message: Message, now: datetime) -> Message:
        """The message, started now if its recipients were chosen before its time, and its start was lost."""
        if message.state is not State.PENDING:
            return message
        due_at = now + timedelta(seconds=self.pace.stale_after)
        return self.messages.move(message.id, Transition(to=State.ACTIVE), now=now, due_at=due_at)

    def _resume(self, message: Message, progress: Sequence[Progress], now: datetime, run: ReconcileRun) -> None:
        """Queue the fan-out jobs of shards without progress again."""
        quiet_since = to_text(now - timedelta(seconds=self.pace.stale_after))
        lost = [each for each in unsealed_shards(message, progress) if (each.updated_at or "") <= quiet_since]
        if not lost:
            self._put_off(message, now)
            return
        due_at = next_due(now, self.pace.stale_after, message.lost)
        if message.state is State.STALE:
            run.late(from_text(message.timeline[-1]["at"]), now)
            self.messages.put_off(message.id, due_at, seen=message.due_at)
        else:
            lost_again = Transition(to=State.STALE, reason=Reason.FAN_OUT_LOST, sets={"lost": message.lost + 1})
            self.messages.move(message.id, lost_again, now=now, due_at=due_at)
        self.queues.send_fan_out([FanOutJob(message.id, each.shard) for each in lost])
        run.done["fan_out_resent"] += len(lost)

    def _put_off(self, message: Message, now: datetime, *, seconds: float | None = None) -> None:
        due_at = now + timedelta(seconds=self.pace.stale_after if seconds is None else seconds)
        self.messages.put_off(message.id, due_at, seen=message.due_at)
