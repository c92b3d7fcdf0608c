"""Delete a message: afterwards nothing more of it is sent, except deliveries in flight."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from fanfare.channels.reasons import Reason
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.lifecycle import State, may_come_from
from fanfare.domain.message import Message, Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict, NotFound
from fanfare.pipeline.complete import forget_data
from fanfare.pipeline.counting import count_cancelled
from fanfare.pipeline.digests.withdraw import IN_FLIGHT, SENT, WITHHELD, Withdraw
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages

NOT_SENT: Final = tuple(state for state in may_come_from(State.DELETED) if state is not State.SENT)


@dataclass(frozen=True, kw_only=True)
class Cancel:
    messages: Messages
    batches: Batches
    withdraw: Withdraw
    clock: Clock

    def run(self, message_id: str) -> dict[str, Any]:
        """Move the message to `deleted`. Returns how many recipients were sent, are in flight, and are withheld.

        A worker takes its lease before it reads the message: it either sees the deletion or holds a lease that is
        counted here. Recipients in doubt may have been sent, so they count as in flight. A repeat returns the first
        result. Raises NotFound, Conflict if the message is sent, and Unavailable for a very large message that takes
        more than one request to count.
        """
        now = self.clock()
        found = self.messages.get(message_id)
        if found is None:
            raise NotFound("No such message.", code="message_not_found")
        # a worker settles what was open; on the short way, the reconciler finds that by the message's item
        deleted = Transition(
            to=State.DELETED, reason=Reason.DELETED_BY_SERVICE, keeps_due=found.short, origins=NOT_SENT
        )
        try:
            message = self.messages.move(message_id, deleted, now=now)
        except ConditionFailed as failed:
            message = self._late(self.messages.get(message_id) or found, failed)
        numbers = message.cancellation
        if numbers is None:
            sealed = self.messages.progress.seal(message, now=now)  # no page and no item is added after this
            items = self.withdraw.run(message)
            totals = count_cancelled(message, sealed=sealed, messages=self.messages, batches=self.batches)
            numbers = self.messages.keep_cancellation(
                message.id,
                {
                    "already_sent": totals[Outcome.SENT] + items[SENT],
                    "in_flight": totals.in_flight + items[IN_FLIGHT],
                    # a worker may have settled some meanwhile
                    "withheld": totals.withheld + totals[Outcome.DELETED],
                },
            )
        handed_over = bool(numbers["already_sent"] or numbers["in_flight"])
        forget_data(message, messages=self.messages, batches=self.batches, handed_over=handed_over)
        return {"state": State.DELETED, **numbers}

    def _late(self, found: Message, failed: ConditionFailed) -> Message:
        """The message as deleted: it is already, or it is sent and items of it were in open windows.

        Raises Conflict for any other that is sent.
        """
        if found.state is State.DELETED:
            return found
        if self.withdraw.run(found)[WITHHELD]:
            deleted = Transition(to=State.DELETED, reason=Reason.DELETED_BY_SERVICE, keeps_due=found.short)
            with suppress(ConditionFailed):  # by another request
                return self.messages.move(found.id, deleted, now=self.clock())
            return self.messages.get(found.id) or found
        raise Conflict("Message was already sent to every recipient.", code="message_already_sent") from failed
