"""Data of an attempt: the batch, and the outcome of each recipient."""

from __future__ import annotations

from dataclasses import dataclass

from fanfare.channels.base import Channel
from fanfare.channels.reasons import Reason
from fanfare.domain.batch import Batch, BatchState
from fanfare.domain.message import Message, Payload
from fanfare.domain.outcomes import Outcome


@dataclass(frozen=True, kw_only=True)
class Work:
    """One leased batch with its message."""

    state: BatchState
    batch: Batch
    message: Message
    payload: Payload

    def noted(self, channel: Channel) -> bool:
        """Whether the worker notes the recipients of each call of the provider before it.

        Without a note, all recipients of a lost worker are in doubt. That delays them, and costs no call.
        """
        return channel.one_by_one or (self.message.on_doubt == "hold" and not channel.repeatable)

    @property
    def pending(self) -> list[str]:
        """Ids of users without a final outcome."""
        return [self.batch.recipients[index] for index in self.state.unsettled]


@dataclass(frozen=True)
class Ending:
    """The outcome of one recipient in this attempt."""

    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None


OUTCOME_UNKNOWN = Ending(Outcome.FAILED, Reason.OUTCOME_UNKNOWN)
