"""Records receipts of providers: delivered, bounced, complained. They resolve doubts and cause suppressions.

Receipts may repeat, arrive out of order, and arrive before our own record of the delivery. Each is stored
separately, and nothing here depends on earlier ones.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.channels import CHANNELS
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import User
from fanfare.pipeline.refusals import stop
from fanfare.store.audience import Audience
from fanfare.store.deliveries import Deliveries

log = logging.getLogger(__name__)

# Receipt → cause of the suppression of the address
SUPPRESSES: Final = {
    Receipt.BOUNCED: "bounce",
    Receipt.COMPLAINED: "complaint",
    Receipt.OPTED_OUT: "opt_out",
}
SOFT_BOUNCES: Final = 5  # this many within the time below suppress the address
SOFT_BOUNCE_MEMORY: Final = timedelta(days=30)


def read(event: Mapping[str, Any]) -> ReceiptEvent | None:
    """The receipt in a provider's event; None if the event is not about one of our deliveries. Raises KeyError if no
    channel reads events of its source."""
    readers = [channel.read_receipt for channel in CHANNELS.values() if channel.receipt_source == event["source"]]
    if not readers:
        raise KeyError(event["source"])
    return next((found for reader in readers if (found := reader(event)) is not None), None)


@dataclass(frozen=True, kw_only=True)
class RecordReceipts:
    deliveries: Deliveries
    audience: Audience
    clock: Clock
    retention: timedelta

    def run(self, reports: Sequence[ReceiptEvent]) -> Counter[str]:
        """Store the receipts and suppress addresses if necessary. Returns the number of receipts by kind."""
        now = self.clock()
        self.deliveries.record_receipts(reports, retain_until=int((now + self.retention).timestamp()))
        serious = [each for each in reports if each.receipt in SUPPRESSES or each.receipt is Receipt.BOUNCED_SOFT]
        users = self.audience.users.get_many(report.user_id for report in serious) if serious else {}
        for report in serious:
            user = users.get(report.user_id)
            address = CHANNELS[report.channel].identity(user.profile) if user else None
            if user is None or address is None or _of_another_address(report, user):
                continue  # erased, or the address was changed: the receipt is about the old one
            cause = self._cause(report, address, now)
            if cause is not None:
                self.audience.suppressions.add(report.channel, address, cause, at=to_text(now))
                if report.receipt is Receipt.OPTED_OUT:
                    stop(report.user_id, report.channel, report.message_id, audience=self.audience)
                log.info("suppressed", extra={"user_id": report.user_id, "channel": report.channel, "cause": cause})
        return Counter(report.receipt.value for report in reports)

    def _cause(self, report: ReceiptEvent, address: str, now: datetime) -> str | None:
        """The cause for which to suppress the address; None if it is not suppressed."""
        if report.receipt is not Receipt.BOUNCED_SOFT:
            return SUPPRESSES[report.receipt]
        bounces = self.audience.suppressions.count_soft_bounces(
            report.channel,
            address,
            report.message_id,
            at=to_text(report.at),
            since=to_text(now - SOFT_BOUNCE_MEMORY),
            forget=int((now + SOFT_BOUNCE_MEMORY).timestamp()),
        )
        return "soft_bounces" if bounces >= SOFT_BOUNCES else None


def _of_another_address(report: ReceiptEvent, user: User) -> bool:
    """Whether the receipt is about an earlier or later address of the user."""
    return report.address_no is not None and report.address_no != user.readdressed.get(report.channel, 0)
