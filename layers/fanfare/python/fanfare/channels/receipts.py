"""What a provider reports afterwards, in our words: the words between a channel and the deliveries table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Receipt(StrEnum):
    """What a provider reports of a delivery, the weakest first: the strongest one known is shown."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    BOUNCED_SOFT = "bounced_soft"
    REJECTED = "rejected"
    BOUNCED = "bounced"  # for good
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"


STRENGTH: Final = {receipt: strength for strength, receipt in enumerate(Receipt)}
# The provider took it. A rejection says the opposite.
PROVES_SENT: Final = frozenset(Receipt) - {Receipt.REJECTED}


@dataclass(frozen=True, kw_only=True)
class ReceiptEvent:
    """One receipt as a channel's provider sent it, in our words."""

    message_id: str
    user_id: str
    channel: str
    receipt: Receipt
    at: datetime
    address_no: int | None = None  # which of the user's addresses it was sent to, as far as is known
    provider_id: str | None = None


def strongest(receipts: Iterable[Receipt]) -> Receipt | None:
    """The one that is shown."""
    return max(receipts, key=STRENGTH.__getitem__, default=None)
