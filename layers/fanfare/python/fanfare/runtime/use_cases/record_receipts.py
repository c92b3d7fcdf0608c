"""Record what providers report of deliveries."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger

from fanfare.channels.receipts import Receipt
from fanfare.pipeline.record_receipts import RecordReceipts, read
from fanfare.runtime import clients, records, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings
from fanfare.store.audience.confirmation_mails import ConfirmationMails

if TYPE_CHECKING:
    from fanfare.channels.receipts import ReceiptEvent

SERIOUS: Final = frozenset(Receipt) - {Receipt.ACCEPTED, Receipt.DELAYED, Receipt.DELIVERED}


@opened.once
def record_receipts() -> RecordReceipts:
    audience = stores.audience()
    return RecordReceipts(
        deliveries=stores.deliveries(),
        reported=stores.reported_receipts(),
        batches=stores.batches(),
        audience=audience,
        confirmations=ConfirmationMails(audience.table),
        clock=clock(),
        retention=settings().retention,
        deliveries_reported=settings().delivery_receipts,
        recorded=_publish if clients.has_event_bus() else None,
    )


def _publish(reports: Sequence[ReceiptEvent]) -> None:
    """Bounces and complaints always; that a mail arrived, or is delayed, only if deliveries are published."""
    every = os.environ.get("FANFARE_DELIVERY_EVENTS") == "true"
    clients.events().receipts_recorded([each for each in reports if every or each.receipt in SERIOUS])


def read_receipts(event: dict[str, Any], logger: Logger) -> tuple[list[ReceiptEvent], list[str]]:
    """What providers report of deliveries of ours, and the ids of records that can't be read."""
    found, unread = records.read_each(event, lambda body: read(json.loads(body)), logger, "an event that can't be read")
    return [receipt for receipt, _ in found if receipt is not None], unread
