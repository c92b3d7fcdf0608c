"""Take what providers report afterwards: delivered, bounced, complained. Resolves doubts, feeds suppressions.

Receipts may repeat, come out of order, and come before our own record of the delivery: each is a
fact of its own, stored as such, and nothing here depends on what came before.
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
from fanfare.store.audience import Audience
from fanfare.store.deliveries import Deliveries

log = logging.getLogger(__name__)

# Why an address is not written to again, by what was reported of it
SUPPRESSES: Final = {
    Receipt.BOUNCED: "bounce",
    Receipt.COMPLAINED: "complaint",
    Receipt.OPTED_OUT: "opt_out",
}
SOFT_BOUNCES: Final = 5  # so many within the time below, and the address is taken for dead
SOFT_BOUNCE_MEMORY: Final = timedelta(days=30)


def read(event: Mapping[str, Any]) -> ReceiptEvent | None:
    """The report in a provider's event; None if it is not about a delivery of ours. Raises KeyError if no channel reads
    events of its source."""
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
        """Store the reports, and suppress addresses that must not be written to again. How many of each kind."""
        now = self.clock()
        self.deliveries.record_receipts(reports, retain_until=int((now + self.retention).timestamp()))
        serious = [each for each in reports if each.receipt in SUPPRESSES or each.receipt is Receipt.BOUNCED_SOFT]
        users = self.audience.users.get_many(report.user_id for report in serious) if serious else {}
        for report in serious:
            user = users.get(report.user_id)
            address = CHANNELS[report.channel].identity(user.profile) if user else None
            if user is None or address is None or _of_another_address(report, user):
                continue  # erased, or the address was changed: the one that bounced is not theirs any more
            cause = self._cause(report, address, now)
            if cause is not None:
                self.audience.suppressions.add(report.channel, address, cause, at=to_text(now))
                log.info("suppressed", extra={"user_id": report.user_id, "channel": report.channel, "cause": cause})
        return Counter(report.receipt.value for report in reports)

    def _cause(self, report: ReceiptEvent, address: str, now: datetime) -> str | None:
        """Why the address must not be written to again; None if it may be."""
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
    """Whether what is reported was sent to one that the user had before, or has had since."""
    return report.address_no is not None and report.address_no != user.readdressed.get(report.channel, 0)
