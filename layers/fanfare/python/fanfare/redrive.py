"""Send a failed message again, to those recipients alone that failed."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from .batches import Batches, Job, Open, Waiting
from .clock import Clock, to_text
from .errors import ConditionFailed, Conflict, NotFound
from .finish import finish
from .messages import Message, Messages
from .queues import FanOutJob, QueueRefused, Queues
from .status import Outcome, State

log = logging.getLogger(__name__)


def redrive(message_id: str, *, messages: Messages, queues: Queues, clock: Clock, stale_after: float) -> Message:
    """Move a failed message to `pending` and have its failed recipients sent again.

    Once it is moved the answer is yes, even if the queue is down: the reconciler finds it. Raises
    NotFound, and Conflict for a message in any other state.
    """
    found = messages.get(message_id)
    if found is None:
        raise NotFound("there is no such message", code="message_not_found")
    message = _begun(found, messages=messages, now=clock(), stale_after=stale_after)
    try:
        queues.send_fan_out([FanOutJob(message_id, 0)])
    except (ClientError, BotoCoreError, QueueRefused):
        log.exception("not queued; the reconciler will", extra={"message_id": message_id})
    return message


def _begun(found: Message, *, messages: Messages, now: datetime, stale_after: float) -> Message:
    """The message in its next round."""
    try:
        return messages.move(
            found.id,
            State.PENDING,
            now=now,
            reason="redriven_by_service",
            origins=(State.FAILED,),
            round_=found.round,
            due_at=now + timedelta(seconds=stale_after),
            round=found.round + 1,
            redriving=True,
            counts=None,
        )
    except ConditionFailed as failed:
        message = messages.get(found.id) or found
        # The SDK repeats a call whose answer is lost, and is told that what it did is not possible any more.
        if message.state is State.PENDING and message.round == found.round + 1:
            return message
        raise Conflict(
            f"only a failed message can be re-driven; it is {message.state}", code="message_not_failed"
        ) from failed


def reopen(
    message: Message,
    *,
    messages: Messages,
    batches: Batches,
    queues: Queues,
    clock: Clock,
    stale_after: float,
) -> None:
    """Open again every batch in which somebody failed, then let the message run. Can be repeated or resumed."""
    now = clock()
    overdue = to_text(now + timedelta(seconds=stale_after))
    for shard in range(message.shards):
        for done in list(batches.done_batches(message.id, shard)):
            again = _reopened(done, overdue, message.retain_until)
            if again is None:
                continue
            try:
                batches.reopen(again, done.generation)
            except ConditionFailed:
                continue  # another copy of the job did it
            queues.send_batches(
                again.channel, [(Job(message_id=message.id, batch_id=again.id, generation=again.generation), 0)]
            )
    try:
        messages.move(
            message.id,
            State.ACTIVE,
            now=clock(),
            due_at=clock() + timedelta(seconds=stale_after),
            round_=message.round,
            redriving=None,
        )
    except ConditionFailed:
        return  # deleted meanwhile, or another copy of the job did it
    finish(message.id, messages=messages, batches=batches, now=clock())


def _reopened(done: Open, due_at: str, retain_until: int) -> Open | None:
    """The batch with those who failed outstanding again, or None where nobody did."""
    failed = [place for place, code in enumerate(done.codes) if code == Outcome.FAILED.value]
    if not failed:
        return None
    fresh = replace(
        done,
        generation=done.generation + 1,
        attempts=0,
        lost=0,
        reason=None,
        waiting=Waiting.QUEUED,
        due_at=due_at,
        retain_until=retain_until,
    )
    return fresh.with_outcomes(dict.fromkeys(failed, Outcome.OUTSTANDING))
