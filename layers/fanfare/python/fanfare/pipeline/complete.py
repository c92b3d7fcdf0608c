"""Move a message to its final state once nothing of it is open. Idempotent; all workers call it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fanfare.domain.message import MAY_FINISH, Message, Progress, ending, every_shard_sealed
from fanfare.errors import ConditionFailed
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages


def complete(
    message_id: str, *, messages: Messages, batches: Batches, now: datetime, shard: int | None = None
) -> Message | None:
    """Move the message to `sent` or `failed` if every shard is sealed and no batch is open.

    `shard` is the shard in which a batch was just settled. It usually has another open batch, and then one call is
    enough. Returns the message if this call completed it.
    """
    if shard is not None and batches.any_open(message_id, shard):
        return None
    known = messages.with_progress(message_id)
    if known is None or not _may_finish(*known):
        return None
    message, progress = known
    others = (each for each in message.parts if each != shard)
    if any(batches.any_open(message_id, each) for each in others):
        return None
    counts = batches.totals.tally(message_id, message.shards, once=True).counts()
    if counts["outstanding"] or counts["recipients"] < sum(each.recipients for each in progress):
        return None  # a batch was opened or settled during the read: that worker calls `complete` after us
    if message.sensitive:  # before it is at rest, so that it is never there with its data
        forget_data(message, messages=messages, batches=batches)
    try:
        return messages.move(message_id, ending(message, counts, now), now=now)
    except ConditionFailed:
        return None  # another worker completed it, or it was deleted


def forget_data(message: Message, *, messages: Messages, batches: Batches, handed_over: bool = True) -> None:
    """Remove what a message says of single recipients and has not handed to batches; of a sensitive one all data.

    `handed_over`: some of it may have been sent. Idempotent. Only for a message of which nothing more is rendered.
    """
    messages.own.forget(message, handed_over=handed_over)
    if message.sensitive:
        batches.own.forget_data(message.id, message.shards)


def _may_finish(message: Message, progress: Sequence[Progress]) -> bool:
    return message.state in MAY_FINISH and every_shard_sealed(message, progress)
