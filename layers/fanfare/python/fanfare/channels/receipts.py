"""Receipts: what providers report about deliveries later, in a common form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Receipt(StrEnum):
    """Kinds of receipts, weakest first. The strongest one known is shown."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    BOUNCED_SOFT = "bounced_soft"
    REJECTED = "rejected"
    BOUNCED = "bounced"  # permanently
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"


STRENGTH: Final = {receipt: strength for strength, receipt in enumerate(Receipt)}
# The provider accepted the message. A rejection means the opposite.
PROVES_SENT: Final = frozenset(Receipt) - {Receipt.REJECTED}


@dataclass(frozen=True, kw_only=True)
class ReceiptEvent:
    """One receipt of a channel's provider."""

    message_id: str
    user_id: str
    channel: str
    receipt: Receipt
    at: datetime
    address_no: int | None = None  # number of the user's address, if known
    provider_id: str | None = None


def strongest(receipts: Iterable[Receipt]) -> Receipt | None:
    """The receipt to show; None if there is none."""
    return max(receipts, key=STRENGTH.__getitem__, default=None)
