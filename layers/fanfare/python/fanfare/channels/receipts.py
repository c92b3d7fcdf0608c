"""Receipts: what providers report about deliveries later, in a common form."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from fanfare.data_classes import dataclass


class Receipt(StrEnum):
    """Kinds of receipts, weakest first. The strongest one known is shown."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    BOUNCED_SOFT = "bounced_soft"  # after a delivery, mostly an automatic reply
    DELIVERED = "delivered"
    REJECTED = "rejected"
    BOUNCED = "bounced"  # permanently
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"


STRENGTH: Final = {receipt: strength for strength, receipt in enumerate(Receipt)}
# The provider accepted the message. A rejection means the opposite.
PROVES_SENT: Final = frozenset(Receipt) - {Receipt.REJECTED}


class Bounce(StrEnum):
    """What a bounce says of the address."""

    NO_MAILBOX = "no_mailbox"  # certain
    PERMANENT = "permanent"  # also sent by servers that are down or misconfigured for an hour
    SOFT = "soft"
    SOFT_OR_REPLY = "soft_or_reply"  # an automatic reply looks the same, but follows a delivery
    CONTENT = "content"  # of the message: says nothing of the address
    ON_ACCOUNT_LIST = "on_account_list"  # the provider did not try
    UNSUBSCRIBED = "unsubscribed"  # at the provider


@dataclass(frozen=True, kw_only=True)
class ReceiptEvent:
    """One receipt of a channel's provider.

    `confirmation`: it is about a confirmation mail, which is no delivery: `user_id` is a user, or a sign-up.
    `batch_id`, `place`: of the recipient; unknown for mails of earlier versions.
    """

    message_id: str
    user_id: str
    channel: str
    receipt: Receipt
    at: datetime
    address_no: int | None = None  # number of the user's address, if known
    batch_id: str | None = None
    place: int = 0
    provider_id: str | None = None
    bounce: Bounce | None = None
    confirmation: bool = False


def strongest(receipts: Iterable[Receipt]) -> Receipt | None:
    """The receipt to show; None if there is none."""
    return max(receipts, key=STRENGTH.__getitem__, default=None)
