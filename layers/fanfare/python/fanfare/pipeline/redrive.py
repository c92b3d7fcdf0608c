"""Send a failed message again, to its failed recipients only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.queues import QueueRefused, Queues
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import BatchState, WaitReason
from fanfare.domain.jobs import FanOutJob, Job, job_of
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict, NotFound
from fanfare.pipeline.backoff import SOON, seconds_until
from fanfare.pipeline.complete import complete
from fanfare.store.batches import REOPENED, Batches
from fanfare.store.messages import Messages

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Redrive:
    messages: Messages
    queues: Queues
    clock: Clock
    stale_after: float

    def run(self, message_id: str) -> Message:
        """Move a failed message to `pending` and send it again to its failed recipients.

        Succeeds once the message is moved, even if the queue is down: the reconciler queues it later. Raises
        NotFound, and Conflict for a message in another state.
        """
        found = self.messages.get(message_id)
        if found is None:
            raise NotFound("No such message.", code="message_not_found")
        if found.sensitive and found.state is State.FAILED:
            raise Conflict("Data of a sensitive message are removed when it ends. Post it again.", code="content_gone")
        message = self._begun(found)
        try:
            self.queues.send_fan_out([FanOutJob(message_id, 0)])
        except (ClientError, BotoCoreError, QueueRefused):
            log.exception("not queued; the reconciler will", extra={"message_id": message_id})
        return message

    def _begun(self, found: Message) -> Message:
        """The message in its next round."""
        now = self.clock()
        transition = Transition(
            to=State.PENDING,
            reason=Reason.REDRIVEN_BY_SERVICE,
            origins=(State.FAILED,),
            read_round=found.round,
            sets={"round": found.round + 1, "redriving": True},
            removes=("counts",),
        )
        try:
            return self.messages.move(found.id, transition, now=now, due_at=now + timedelta(seconds=self.stale_after))
        except ConditionFailed as failed:
            message = self.messages.get(found.id) or found
            # The SDK repeats a call whose answer is lost; the condition then fails because of the first call.
            if message.state is State.PENDING and message.round == found.round + 1:
                return message
            raise Conflict(
                f"Only a failed message can be redriven; this message is {message.state}.", code="message_not_failed"
            ) from failed


@dataclass(frozen=True, kw_only=True)
class Reopen:
    """Reopens every batch with a failed recipient, once per round, then activates the message.

    The second half of a redrive. It has no queue of its own: a fan-out job of a message that is `redriving` runs it.
    """

    messages: Messages
    batches: Batches
    queues: Queues
    clock: Clock
    stale_after: float

    def run(self, message: Message, job: FanOutJob, *, time_left: Callable[[], float]) -> None:
        """Reopen batches until all are done or little time is left; then queue the job again. Can be repeated.

        Raises ConditionFailed if the message was deleted or another copy of the job runs: read the message again.
        """
        if self._reopen(message, time_left):
            self._go_on(message)
            return
        try:
            # the reconciler queues no copy while one runs
            self.messages.put_off(message.id, self._overdue(), seen=message.due_at)
        except ConditionFailed:
            return  # deleted meanwhile, or another copy runs
        self.queues.send_fan_out([job])

    def _reopen(self, message: Message, time_left: Callable[[], float]) -> bool:
        """Whether every shard is done."""
        for shard in message.parts:
            failed = self._failed(message, shard)
            while some := list(islice(failed, REOPENED)):
                queue_batches(self._reopened(some, message), self.queues, now=self.clock())
                if time_left() < 0:
                    return False
        return True

    def _reopened(self, states: Sequence[BatchState], message: Message) -> list[BatchState]:
        return self.batches.settlements.reopen_many(states, check=partial(self.messages.check_round, message))

    def _go_on(self, message: Message) -> None:
        over = Transition(to=State.ACTIVE, read_round=message.round, removes=("redriving",))
        try:
            self.messages.move(message.id, over, now=self.clock(), due_at=self._overdue())
        except ConditionFailed:
            return  # deleted meanwhile, or another copy of the job did it
        complete(message.id, messages=self.messages, batches=self.batches, now=self.clock())

    def _failed(self, message: Message, shard: int) -> Iterator[BatchState]:
        """Batches with recipients that failed in an earlier round, as reopened in this one."""
        for done in self.batches.done_batches(message.id, shard):
            failed = done.places(Outcome.FAILED)
            if failed and done.round < message.round:
                fresh = replace(
                    done,
                    generation=done.generation + 1,
                    round=message.round,
                    attempts=0,
                    lost=0,
                    reason=None,
                    waiting=WaitReason.QUEUED,
                    due_at=to_text(self._overdue()),
                    retain_until=message.retain_until,
                )
                yield fresh.with_outcomes(dict.fromkeys(failed, Outcome.OUTSTANDING))

    def _overdue(self) -> datetime:
        return self.clock() + timedelta(seconds=self.stale_after)


def queue_batches(states: Iterable[BatchState], queues: Queues, *, now: datetime) -> None:
    """Queue the ids of committed batches, except those that wait for a later time: the reconciler queues these."""
    jobs: dict[str, list[tuple[Job, int]]] = {}
    for state in states:
        deferred = state.waiting is WaitReason.DEFERRED
        delay = seconds_until(from_text(state.due_at), now) if deferred and state.due_at else 0
        if delay <= SOON.total_seconds():
            jobs.setdefault(state.channel, []).append((job_of(state), delay))
    for channel, copies in jobs.items():
        queues.send_batches(channel, copies)
