"""Trying an address again after bounces: its owner, signed in, says that it works."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fanfare.channels import CHANNELS
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.errors import Conflict, TooManyRequests
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations

ONCE_A_WEEK: Final = Allowance("address_again", 1, timedelta(days=7))
AFTER: Final = frozenset({"bounce", "soft_bounces"})  # causes that may have passed


@dataclass(frozen=True, kw_only=True)
class RetryAddress:
    audience: Audience
    confirmations: Confirmations
    clock: Clock

    def run(self, user_id: str, channel: str) -> None:
        """Remove the suppression of the user's address. A repeat changes nothing. Raises Conflict, TooManyRequests."""
        user = self.audience.users.get(user_id)
        address = CHANNELS[channel].identity(user.profile) if user else None
        found = self.audience.suppressions.get(channel, address) if address else None
        if address is None or found is None:
            return
        if found.cause not in AFTER:
            raise Conflict(
                "The address is suppressed for another reason than bounces. Ask the sender.", code="not_bounced"
            )
        if not self.confirmations.allows(ONCE_A_WEEK, f"{channel}\n{address}", now=self.clock()):
            raise TooManyRequests("The address was tried again within the last week; the limit is once a week.")
        self.audience.suppressions.remove(channel, address)
