"""Messages as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message
from fanfare.errors import NotFound
from fanfare.schemas.messages import MessageView, MessageWithCountsView
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages


@dataclass(frozen=True, kw_only=True)
class ReadMessages:
    messages: Messages
    batches: Batches

    def get(self, message_id: str) -> MessageWithCountsView:
        """The message and the outcomes of its recipients so far. Raises NotFound."""
        message = find_message(message_id, self.messages)
        # once at rest the sums were kept; what is deleted may still have some in flight
        deleted = message.state is State.DELETED
        settled = message.counts if message.at_rest and not deleted else None
        counts = settled or self.batches.totals.tally(message.id, message.shards).counts(deleted=deleted)
        return MessageWithCountsView.model_validate(_shown(message) | {"counts": counts})

    def page(
        self, *, state: State | None, topic: str | None, before: str | None, limit: int
    ) -> tuple[list[MessageView], str | None]:
        """A page of messages, the newest first, and the id to go on before."""
        found, position = self.messages.listing.recent(before=before, limit=limit, state=state, topic=topic)
        return [message_view(message) for message in found], position


def find_message(message_id: str, messages: Messages) -> Message:
    """The message. Raises NotFound."""
    message = messages.get(known_id(message_id))
    if message is None:
        raise _not_found()
    return message


def known_id(message_id: str) -> str:
    """The id, if it can be one of ours at all. Raises NotFound."""
    try:
        if str(UUID(message_id)) == message_id:
            return message_id
    except ValueError:
        pass
    raise _not_found()


def message_view(message: Message) -> MessageView:
    """The message, without counts."""
    return MessageView.model_validate(_shown(message))


def _shown(message: Message) -> dict[str, Any]:
    shown = {name: getattr(message, name) for name in MessageView.model_fields}
    return shown | {"timeline": [{"reason": None, **entry} for entry in message.timeline]}


def _not_found() -> NotFound:
    return NotFound("there is no such message", code="message_not_found")
