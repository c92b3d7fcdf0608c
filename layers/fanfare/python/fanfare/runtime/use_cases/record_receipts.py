"""Record what providers report of deliveries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from fanfare.pipeline.record_receipts import RecordReceipts, read
from fanfare.runtime import records, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings
from fanfare.store.audience.confirmation_mails import ConfirmationMails

if TYPE_CHECKING:
    from fanfare.channels.receipts import ReceiptEvent


@opened.once
def record_receipts() -> RecordReceipts:
    audience = stores.audience()
    return RecordReceipts(
        deliveries=stores.deliveries(),
        reported=stores.reported_receipts(),
        audience=audience,
        confirmations=ConfirmationMails(audience.table),
        clock=clock(),
        retention=settings().retention,
        deliveries_reported=settings().delivery_receipts,
    )


def read_receipts(event: dict[str, Any], logger: Logger) -> tuple[list[ReceiptEvent], list[str]]:
    """What providers report of deliveries of ours, and the ids of records that can't be read."""
    found, unread = records.read_each(event, lambda body: read(json.loads(body)), logger, "an event that can't be read")
    return [receipt for receipt, _ in found if receipt is not None], unread
