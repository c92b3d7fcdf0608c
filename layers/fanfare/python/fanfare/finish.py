"""Bring a message to rest, once nothing of it is open. Can be asked by anyone, any number of times."""

from __future__ import annotations

from datetime import datetime

from .batches import Batches
from .errors import ConditionFailed
from .messages import Message, Messages, every_shard_sealed
from .status import State

MAY_FINISH = (State.ACTIVE, State.STALE)


def finish(
    message_id: str, *, messages: Messages, batches: Batches, now: datetime, shard: int | None = None
) -> Message | None:
    """Move the message to `sent` or `failed` if every shard is sealed and no batch is open.

    `shard` is the one that just settled a batch: most often it still has another open one, and that
    ends the question with one call. Returns the message if it came to rest now.
    """
    if shard is not None and batches.any_open(message_id, shard):
        return None
    known = messages.with_progress(message_id)
    if known is None:
        return None
    message, progress = known
    if message.state not in MAY_FINISH or message.redriving or not every_shard_sealed(message, progress):
        return None
    others = (each for each in range(message.shards) if each != shard)
    if any(batches.any_open(message_id, each) for each in others):
        return None
    counts = batches.tally(message_id, message.shards, now).counts()
    if counts["outstanding"]:
        return None  # a redrive has opened a batch since
    state = State.FAILED if counts["failed"] else State.SENT
    reason = f"{counts['failed']} of {counts['recipients']} recipients failed" if counts["failed"] else None
    if not counts["recipients"] and message.expired(now):
        state, reason = State.FAILED, "expired"
    try:
        return messages.move(
            message_id, state, now=now, reason=reason, origins=MAY_FINISH, round_=message.round, counts=counts
        )
    except ConditionFailed:
        return None  # somebody else has brought it to rest, or it was deleted
