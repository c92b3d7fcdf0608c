"""Takes the items of a deleted message out of windows that are open.

Each is taken out on the condition that its window is open, so it is either withheld or in the digest.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Final

from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Unavailable
from fanfare.store.batches import Batches
from fanfare.store.batches.gathered import GatheredPage
from fanfare.store.deliveries import Deliveries
from fanfare.store.windows import Windows

AT_ONCE: Final = 45  # items of a transaction, each of two parts
TRANSACTIONS: Final = 200  # per request
WITHHELD, SENT, IN_FLIGHT = "withheld", "already_sent", "in_flight"


@dataclass(frozen=True, kw_only=True)
class Withdraw:
    batches: Batches
    windows: Windows
    deliveries: Deliveries
    clock: Clock

    def run(self, message: Message) -> Counter[str]:
        """Take out what is in open windows. Idempotent.

        Returns how many items are withheld and, of the others, how many are sent and how many still may be. Raises
        Unavailable if it takes more than one request.
        """
        found: Counter[str] = Counter()
        left = TRANSACTIONS
        for stored in self.batches.gathered.pages(message.id, message.shards):
            page, more = stored, bool(stored.left)
            while more:
                if not left:
                    detail = "Not all items of the message are out of digests yet. Repeat the request."
                    raise Unavailable(detail, code="deletion_unfinished")
                page, more = until_settled(partial(self._some, message, page), sleep=self.windows.table.sleep)
                left -= 1
            found += self._found(page)
        return found

    def _some(self, message: Message, read: GatheredPage) -> tuple[GatheredPage, bool]:
        """Take out some items of a page. Returns it as it is then, and whether there are more.

        Raises ConditionFailed without a change if a window was closed, or another item added, meanwhile.
        """
        page = self.batches.gathered.again(read)
        windows = self.windows.get_many((user, window) for user, _, window in page.left)
        open_ones = [each for each in page.left if not windows[each[0], each[2]].closed]
        some = open_ones[:AT_ONCE]
        if not some:
            return page, False
        transaction, now = Transaction(), to_text(self.clock())
        after = self.batches.gathered.take_out(transaction, page, {(user, window) for user, _, window in some})
        for user, channel, window in some:
            self.windows.take_out(transaction, user, window)
            self.deliveries.take_out(transaction, (user, message.id, channel), window, now)
        transaction.run()
        return after, len(some) < len(open_ones)

    def _found(self, page: GatheredPage) -> Counter[str]:
        """The outcome of the items of a page, of which none is in an open window."""
        found = Counter({WITHHELD: len(page.entries) - len(page.left)})
        windows = self.windows.get_many((user, window) for user, _, window in page.left)
        keys = [(user, windows[user, window].message_id or "", channel) for user, channel, window in page.left]
        digests = self.deliveries.get_many(keys)
        for key in keys:
            if key not in digests:
                found[IN_FLIGHT] += 1
            elif digests[key].status is Outcome.SENT:
                found[SENT] += 1
        return found
