"""Timing of deliveries: leases, retries, doubts, scheduled messages."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from typing import Final

from fanfare.data_classes import dataclass

AHEAD: Final = timedelta(hours=1)  # the recipients of a scheduled message are chosen this long before its time
START: Final = timedelta(seconds=90)  # its start is queued this long before its time
SOON: Final = timedelta(minutes=1)  # until the next run of the reconciler


def seconds_until(moment: datetime, now: datetime) -> int:
    """Seconds from `now` to `moment`, rounded up; 0 if it is past."""
    return max(0, math.ceil((moment - now).total_seconds()))


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Timing of deliveries, in seconds."""

    lease: float
    backoff: float
    max_attempts: int
    doubt_grace: float
    stale_after: float

    def delay(self, attempts: int) -> float:
        """Seconds until the next attempt: exponential, random in its upper half, at most 900 (the limit of SQS)."""
        longest = min(self.backoff * 2 ** min(attempts, 20), 900.0)
        return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
