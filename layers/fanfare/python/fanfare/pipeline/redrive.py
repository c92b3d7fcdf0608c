"""Send a failed message again, to those recipients alone that failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.queues import QueueRefused, Queues
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, to_text
from fanfare.domain.batch import BatchState, WaitReason
from fanfare.domain.jobs import FanOutJob, Job, job_of
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict, NotFound
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
        """Move a failed message to `pending` and have its failed recipients sent again.

        Once it is moved the answer is yes, even if the queue is down: the reconciler finds it. Raises
        NotFound, and Conflict for a message in any other state.
        """
        found = self.messages.get(message_id)
        if found is None:
            raise NotFound("there is no such message", code="message_not_found")
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
            # The SDK repeats a call whose answer is lost, and its condition then fails on its own write.
            if message.state is State.PENDING and message.round == found.round + 1:
                return message
            raise Conflict(
                f"only a failed message can be re-driven; it is {message.state}", code="message_not_failed"
            ) from failed


@dataclass(frozen=True, kw_only=True)
class Reopen:
    """Open again, once in a round, every batch in which somebody failed, then let the message run.

    It is the second half of a redrive, and has no queue of its own: a fan-out job of a message that is `redriving`
    is a job of this one.
    """

    messages: Messages
    batches: Batches
    queues: Queues
    clock: Clock
    stale_after: float

    def run(self, message: Message, job: FanOutJob, *, time_left: Callable[[], float]) -> None:
        """Go on until it is done or little time is left, then hand on. Can be repeated or resumed.

        Raises ConditionFailed if the message was deleted or another copy of the job is at it: read again.
        """
        if self._reopen(message, time_left):
            self._go_on(message)
            return
        try:
            # the reconciler sends no copy while one goes on
            self.messages.put_off(message.id, self._overdue(), seen=message.due_at)
        except ConditionFailed:
            return  # deleted meanwhile, or another copy goes on
        self.queues.send_fan_out([job])

    def _reopen(self, message: Message, time_left: Callable[[], float]) -> bool:
        """Whether every shard is done."""
        for shard in range(message.shards):
            failed = self._failed(message, shard)
            while some := list(islice(failed, REOPENED)):
                _queue(self._reopened(some, message), self.queues)
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
        """The batches in which somebody failed in an earlier round, as they are to be opened again."""
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


def _queue(states: Iterable[BatchState], queues: Queues) -> None:
    jobs: dict[str, list[tuple[Job, int]]] = {}
    for state in states:
        jobs.setdefault(state.channel, []).append((job_of(state), 0))
    for channel, copies in jobs.items():
        queues.send_batches(channel, copies)
