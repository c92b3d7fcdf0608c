"""The record of one delivery."""

from __future__ import annotations

from dataclasses import dataclass

from fanfare.channels.receipts import Receipt
from fanfare.domain.outcomes import Outcome


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The record of one recipient of one message on one channel."""

    message_id: str
    user_id: str
    channel: str
    batch_id: str | None
    status: Outcome
    reason: str | None = None
    attempts: int = 0
    provider_id: str | None = None
    receipt: Receipt | None = None
    updated_at: str
    retain_until: int
