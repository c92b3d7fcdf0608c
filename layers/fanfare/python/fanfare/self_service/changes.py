"""What a user may give in an hour: subscriptions, and fields of the profile. Taking away is always possible."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.errors import TooManyRequests
from fanfare.store.audience.confirmations import Allowance, Confirmations

BY_USER: Final = Allowance("changes_of_user", 100, timedelta(hours=1))


@dataclass(frozen=True, kw_only=True)
class CountChanges:
    confirmations: Confirmations
    clock: Clock

    def run(self, user_id: str, number: int = 1) -> None:
        """Count what the user gives. Raises TooManyRequests if the allowance was used up before."""
        now = self.clock()
        if number and not self.confirmations.allows(BY_USER, user_id, now=now, number=number):
            raise TooManyRequests(
                f"Too many changes; the limit is {BY_USER.count} an hour. Unsubscribing is possible at any time.",
                code="too_many_changes",
                retry_after=BY_USER.seconds_left(now),
            )


def gives(changes: Mapping[str, Any]) -> bool:
    """Whether changes of a profile give anything, and not only take away."""
    return any(value is False if name == "opted_out" else bool(value) for name, value in changes.items())
