"""Delete a message: afterwards nothing more of it is sent, except deliveries in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanfare.channels.reasons import Reason
from fanfare.clock import Clock
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict, NotFound
from fanfare.pipeline.complete import forget_data
from fanfare.pipeline.counting import count_cancelled
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages


@dataclass(frozen=True, kw_only=True)
class Cancel:
    messages: Messages
    batches: Batches
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
        deleted = Transition(to=State.DELETED, reason=Reason.DELETED_BY_SERVICE, keeps_due=found.short)
        try:
            message = self.messages.move(message_id, deleted, now=now)
        except ConditionFailed as failed:
            found = self.messages.get(message_id) or found
            if found.state is not State.DELETED:
                raise Conflict("Message was already sent to every recipient.", code="message_already_sent") from failed
            message = found
        numbers = message.cancellation
        if numbers is None:
            totals = count_cancelled(message, messages=self.messages, batches=self.batches, now=now)
            numbers = self.messages.keep_cancellation(
                message.id,
                {
                    "already_sent": totals[Outcome.SENT],
                    "in_flight": totals.in_flight,
                    # a worker may have settled some meanwhile
                    "withheld": totals.withheld + totals[Outcome.DELETED],
                },
            )
        handed_over = bool(numbers["already_sent"] or numbers["in_flight"])
        forget_data(message, messages=self.messages, batches=self.batches, handed_over=handed_over)
        return {"state": State.DELETED, **numbers}
