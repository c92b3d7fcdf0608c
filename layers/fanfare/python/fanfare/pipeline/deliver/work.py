"""Data of an attempt: the batch, and the outcome of each recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from fanfare.channels.base import Channel
from fanfare.channels.reasons import Reason
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.batch import Batch, BatchState
from fanfare.domain.message import Message, OwnData, Payload
from fanfare.domain.outcomes import Outcome
from fanfare.templates.overlaid import Overlaid


@dataclass(frozen=True, kw_only=True)
class Work:
    """One leased batch with its message."""

    state: BatchState
    batch: Batch
    message: Message
    payload: Payload
    own: OwnData = field(default_factory=dict)
    people: Mapping[str, User] = field(default_factory=dict)  # recipients by address, by id
    overlaid: frozenset[str] = frozenset()  # names of data that a recipient of the batch has of their own

    def data_of(self, index: int) -> Mapping[str, Any]:
        """The data that the templates see for a recipient."""
        if not self.overlaid:
            return self.payload.data
        own = self.own.get(self.batch.recipients[index])
        return Overlaid(self.payload.data, own.data if own else {}, self.overlaid)

    def reader(self, index: int, users: Mapping[str, User]) -> User | None:
        """The recipient, by address or stored. Another message may describe the same address otherwise."""
        user_id = self.batch.recipients[index]
        return self.people.get(user_id) or users.get(user_id)

    def is_erased(self, index: int, users: Mapping[str, User]) -> bool:
        """Whether the recipient was erased since the batch was decided; there may be somebody else under the id."""
        no_data = self.own.get(self.batch.recipients[index], True) is None
        return no_data or self.batch.is_gone(index, self.reader(index, users))

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
