"""Erases the windows of a user: an item in an open one is deleted; a closed one has become a digest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.domain.batch import shard_in
from fanfare.domain.delivery import Delivery
from fanfare.store.batches import Batches
from fanfare.store.batches.gathered import page_in
from fanfare.store.deliveries import Deliveries
from fanfare.store.windows import Windows


@dataclass(frozen=True, kw_only=True)
class EraseWindows:
    windows: Windows
    batches: Batches
    deliveries: Deliveries

    def run(self, user_id: str, *, limit: int) -> bool:
        """Whether all is erased; if not, repeat. Idempotent. The deliveries of the user must still be there."""
        known = [each for _, each in self.deliveries.of_user(user_id, before=None) if each.digest_id is not None]
        names = [(user_id, str(each.digest_id)) for each in known]
        for window in self.windows.get_many(names).values():
            if not window.closed:
                self.windows.erase(window)
        closed = {name for (_, name), window in self.windows.get_many(names).items() if window.closed}
        for item in known:
            if item.digest_id not in closed:
                until_settled(partial(self._delete, item), sleep=self.windows.table.sleep)
        return self.windows.forget(user_id, limit=limit)

    def _delete(self, item: Delivery) -> None:
        """Count an item as deleted in its message."""
        place, window = item.batch_id or "", item.digest_id or ""
        page = self.batches.gathered.page(item.message_id, shard_in(place), page_in(place))
        if any((user, name) == (item.user_id, window) for user, _, name in page.left):
            transaction = Transaction()
            self.batches.gathered.take_out(transaction, page, {(item.user_id, window)})
            transaction.run()
