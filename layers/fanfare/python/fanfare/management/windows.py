"""Erases the windows of a user: an item in an open one is deleted; a closed one has become a digest."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Final

from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.batch import shard_in
from fanfare.domain.delivery import Delivery
from fanfare.store.batches import Batches
from fanfare.store.batches.gathered import page_in
from fanfare.store.deliveries import Deliveries
from fanfare.store.windows import Windows

CHUNK: Final = 100
ITEMS_AT_ONCE: Final = 500  # of open windows, each with a transaction: some seconds


@dataclass(frozen=True, kw_only=True)
class EraseWindows:
    windows: Windows
    batches: Batches
    deliveries: Deliveries
    clock: Clock

    def run(self, user_id: str, *, limit: int) -> bool:
        """Whether all is erased; if not, repeat. Idempotent. The deliveries of the user must still be there."""
        room = ITEMS_AT_ONCE
        found = (each for _, each in self.deliveries.of_user(user_id, before=None) if each.digest_id is not None)
        while some := list(islice(found, CHUNK)):
            names = [(user_id, str(each.digest_id)) for each in some]
            for window in self.windows.get_many(names).values():
                if not window.closed:
                    self.windows.erase(window)
            closed = {name for (_, name), window in self.windows.get_many(names).items() if window.closed}
            for item in some:
                if item.digest_id not in closed:
                    if not room:
                        return False
                    until_settled(partial(self._delete, item), sleep=self.windows.table.sleep)
                    room -= 1
        return self.windows.forget(user_id, limit=limit)

    def _delete(self, item: Delivery) -> None:
        """Count an item as deleted in its message, and in its record, so that a repeat does not find it."""
        place, window = item.batch_id or "", item.digest_id or ""
        key = (item.user_id, item.message_id, item.channel)
        now = self.deliveries.get_many([key]).get(key)
        if now is None or now.digest_id is None:
            return
        page = self.batches.gathered.page(item.message_id, shard_in(place), page_in(place))
        transaction = Transaction()
        if any((user, name) == (item.user_id, window) for user, _, name in page.left):
            self.batches.gathered.take_out(transaction, page, {(item.user_id, window)})
        self.deliveries.take_out(transaction, key, window, to_text(self.clock()))
        transaction.run()
