"""Delete a message: nothing more of it leaves once this has answered, except what is in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanfare.channels.reasons import Reason
from fanfare.clock import Clock
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Transition
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict, NotFound
from fanfare.pipeline.counting import count_cancelled
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages


@dataclass(frozen=True, kw_only=True)
class Cancel:
    messages: Messages
    batches: Batches
    clock: Clock

    def run(self, message_id: str) -> dict[str, Any]:
        """Move the message to `deleted` and say how many were sent, are in flight, and are withheld.

        A worker takes its lease before it looks at the message: so each either sees the deletion, or has
        a lease that is counted here. Who is in doubt may have been sent to, so they are in flight. Repeated, the
        first answer. Raises NotFound, Conflict for a message that is sent, and Unavailable for a very large one
        whose numbers take more than one request.
        """
        now = self.clock()
        try:
            deleted = Transition(to=State.DELETED, reason=Reason.DELETED_BY_SERVICE)
            message = self.messages.move(message_id, deleted, now=now)
        except ConditionFailed as failed:
            found = self.messages.get(message_id)
            if found is None:
                raise NotFound("there is no such message", code="message_not_found") from failed
            if found.state is not State.DELETED:
                raise Conflict("every recipient was sent already", code="message_already_sent") from failed
            message = found
        numbers = message.cancellation
        if numbers is None:
            totals = count_cancelled(message, messages=self.messages, batches=self.batches, now=now)
            numbers = self.messages.keep_cancellation(
                message.id,
                {
                    "already_sent": totals[Outcome.SENT],
                    "in_flight": totals.in_flight,
                    "withheld": totals.withheld,
                },
            )
        return {"state": State.DELETED, **numbers}
