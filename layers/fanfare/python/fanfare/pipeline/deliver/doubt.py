"""Recipients whose outcome is unknown: a provider's answer was lost, or a worker crashed during a call."""

from __future__ import annotations

from collections.abc import Sequence

from fanfare.channels.base import Channel
from fanfare.channels.receipts import PROVES_SENT
from fanfare.data_classes import dataclass
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.deliver.work import OUTCOME_UNKNOWN, Ending, Work
from fanfare.store.deliveries import Deliveries


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """Resolves outcomes that are in doubt."""

    channel: Channel
    deliveries: Deliveries
    max_attempts: int

    def resolved(self, work: Work) -> dict[int, Ending]:
        """Final outcomes of recipients in doubt: known by now, or not sent again (`hold`, or no attempt left)."""
        doubts = work.state.places(Outcome.IN_DOUBT)
        held: dict[int, Ending] = {}
        if work.message.on_doubt == "hold" or work.state.attempts >= self.max_attempts:
            held = dict.fromkeys(doubts, OUTCOME_UNKNOWN)
        return held | self._known_as_sent(work, doubts)

    def at_the_end(self, work: Work) -> dict[int, Ending]:
        """Final outcomes of all recipients in doubt, if nothing more is sent."""
        doubts = work.state.places(Outcome.IN_DOUBT)
        return dict.fromkeys(doubts, OUTCOME_UNKNOWN) | self._known_as_sent(work, doubts)

    def left_by_a_lost_worker(self, work: Work) -> dict[int, Outcome]:
        """Outcomes after a worker crashed: of recipients that may have been handed over, or are known as sent.

        The worker recorded recipients before it noted the next ones. A call may be repeated on some channels: there
        only those known as sent are left out.
        """
        state = work.state
        suspects = state.places(Outcome.IN_DOUBT) if state.noted and work.noted(self.channel) else state.unsettled
        doubts = {} if self.channel.repeatable else dict.fromkeys(suspects, Outcome.IN_DOUBT)
        if work.noted(self.channel) or self.channel.repeatable:
            doubts |= dict.fromkeys(self._known_as_sent(work, suspects), Outcome.SENT)
        return doubts

    def _known_as_sent(self, work: Work, indexes: Sequence[int]) -> dict[int, Ending]:
        """Recipients that were sent, by our own record or a receipt of the provider."""
        if not indexes:
            return {}
        keys = {index: (work.batch.recipients[index], work.message.id, work.batch.channel) for index in indexes}
        records = self.deliveries.get_many(keys.values())
        receipts = self.deliveries.receipts(keys.values())
        endings = {}
        for index, key in keys.items():
            record = records.get(key)
            if record is not None and record.status is Outcome.SENT:
                endings[index] = Ending(Outcome.SENT, provider_id=record.provider_id)
            elif PROVES_SENT & receipts.get(key, {}).keys():
                endings[index] = Ending(Outcome.SENT)
        return endings
