"""Erases what messages say of one recipient: data of their own and, without a stored user, their address."""

from __future__ import annotations

from itertools import islice
from typing import Final

from fanfare.data_classes import dataclass
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList

UNFINISHED_LIMIT: Final = 1_000  # messages that are looked through
PAGE: Final = 250  # of each of four parts of the index


@dataclass(frozen=True, kw_only=True)
class EraseOwnData:
    messages: Messages
    batches: Batches
    recipients: RecipientList
    deliveries: Deliveries

    def run(self, user_id: str) -> bool:
        """Whether all is erased; if not, too many messages are unfinished. Idempotent.

        Bodies come first: a page of a fan-out that read one before is not committed, and batches of earlier pages are
        found. Messages at rest are found by the deliveries of the user, so these are erased afterwards.
        """
        unfinished = list(islice(self.messages.unfinished(page=PAGE), UNFINISHED_LIMIT + 1))
        for message_id in self.messages.own.erase(user_id, unfinished[:UNFINISHED_LIMIT]):
            # named recipients have one shard; of earlier versions, no batch has own data
            standings = self.recipients.standings(message_id, 0, user_id)
            batches = [each.batch_id for each in standings.values() if each.batch_id is not None]
            self.batches.own.erase(user_id, [(message_id, batch_id) for batch_id in batches])
        known = [each for _, each in self.deliveries.of_user(user_id, before=None)]
        self.batches.own.erase(
            user_id, [(each.message_id, each.batch_id) for each in known if each.batch_id is not None]
        )
        return len(unfinished) <= UNFINISHED_LIMIT
