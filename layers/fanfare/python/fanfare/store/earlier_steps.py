"""What the steps of a message before a channel's have done for its readers."""

from __future__ import annotations

from collections.abc import Iterable

from fanfare.channels.receipts import Receipt
from fanfare.data_classes import dataclass
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes


@dataclass(frozen=True, kw_only=True)
class EarlierSteps:
    deliveries: Deliveries
    inboxes: Inboxes

    def make_needless(self, message: Message, channel: str, user_ids: Iterable[str]) -> set[str]:
        """The users who don't need the step of the channel, because of its `unless`."""
        step, asked = message.later_step(channel), list(user_ids)
        if step is None or step.unless is None or not asked:
            return set()
        if step.unless == "read":
            return self.inboxes.read_by(asked, message.id)
        keys = [(user_id, message.id, each) for user_id in asked for each in message.channels_before(channel)]
        if step.unless == "delivered":
            receipts = self.deliveries.receipts(keys)
            return {user_id for (user_id, _, _), kinds in receipts.items() if Receipt.DELIVERED in kinds}
        records = self.deliveries.get_many(keys)
        return {user_id for (user_id, _, _), record in records.items() if record.status is Outcome.SENT}
