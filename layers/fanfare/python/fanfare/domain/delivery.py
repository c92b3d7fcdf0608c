"""The record of one delivery."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fanfare.channels.receipts import Receipt
from fanfare.data_classes import dataclass
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
    content: str | None = None  # hash of what was sent
    digest_id: str | None = None  # the window of a digested recipient
    own: str | None = None  # data of such a recipient, as JSON


def content_digest(content: Mapping[str, str]) -> str:
    """A short digest of rendered parts, to find out whether they would be the same today."""
    digest = hashlib.blake2b(digest_size=8)
    for name, part in sorted(content.items()):
        written = part.encode(errors="surrogatepass")
        digest.update(f"{name} {len(written)} ".encode() + written)
    return digest.hexdigest()
