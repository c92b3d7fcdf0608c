"""Messages as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.counting import RunningCount
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, outcome
from fanfare.domain.outcomes import receipt_counts
from fanfare.errors import NotFound
from fanfare.pipeline.counting import Sums, count_so_far, reports
from fanfare.schemas.messages import MessageView, MessageWithCountsView
from fanfare.store.batches import Batches
from fanfare.store.messages import MessageFilter, Messages


@dataclass(frozen=True, kw_only=True)
class ReadMessages:
    messages: Messages
    batches: Batches
    clock: Clock

    def get(self, message_id: str) -> MessageWithCountsView:
        """The message, the counts of its recipients by outcome, and of those sent by receipt. Raises NotFound."""
        found = self.messages.counts.read(known_id(message_id))
        if found is None:
            raise _not_found()
        message, about, known = found
        sums = self._sums(message, about, known)
        summaries = self.messages.summaries.of([message.id])
        computed = {
            "counts": sums.counts,
            "receipts": receipt_counts(sums.counts["sent"], sums.receipts),
            "outcome": outcome(message.at_rest, sums.counts),
        }
        return MessageWithCountsView.model_validate(_shown(message, summaries) | computed)

    def _sums(self, message: Message, about: int, known: RunningCount | None) -> Sums:
        """Counts are stored with the final state; a deleted message may still have deliveries in flight."""
        settled = message.counts if message.at_rest and message.state is not State.DELETED else None
        if settled and settled["digested"]:
            settled = None  # an erasure takes items out of digests
        if settled and not (settled["sent"] and reports(message)):
            return Sums(settled, {})
        about = settled["recipients"] if settled else about
        sums = count_so_far(message, about, known, messages=self.messages, batches=self.batches, now=self.clock())
        return Sums(settled or sums.counts, sums.receipts)

    def page(self, only: MessageFilter, *, before: str | None, limit: int) -> tuple[list[MessageView], str | None]:
        """A page of messages, newest first, and the id to continue before."""
        found, position = self.messages.listing.recent(before=before, limit=limit, only=only)
        summaries = self.messages.summaries.of(message.id for message in found)
        return [MessageView.model_validate(_shown(message, summaries)) for message in found], position

    def view(self, message: Message) -> MessageView:
        """The message, without counts."""
        return MessageView.model_validate(_shown(message, self.messages.summaries.of([message.id])))


def find_message(message_id: str, messages: Messages) -> Message:
    """The message. Raises NotFound."""
    message = messages.get(known_id(message_id))
    if message is None:
        raise _not_found()
    return message


def find_with_payload(message_id: str, messages: Messages) -> tuple[Message, Payload]:
    """The message and its payload, in one call. Raises NotFound."""
    found = messages.get_many([known_id(message_id)]).get(message_id)
    if found is None:
        raise _not_found()
    return found


def known_id(message_id: str) -> str:
    """The id, if it has the form of a message id. Raises NotFound."""
    try:
        if str(UUID(message_id)) == message_id:
            return message_id
    except ValueError:
        pass
    raise _not_found()


def _shown(message: Message, summaries: Mapping[str, str | None]) -> dict[str, Any]:
    computed = {
        "outcome": outcome(message.at_rest, message.counts_at_rest),
        "summary": summaries[message.id],
        "timeline": [{"reason": None, **entry} for entry in message.timeline],
        "steps": message.steps or None,
        "send_at": {"local": message.send_local} if message.send_local else message.send_at,
    }
    return {name: getattr(message, name) for name in MessageView.model_fields if name not in computed} | computed


def _not_found() -> NotFound:
    return NotFound("No such message.", code="message_not_found")
