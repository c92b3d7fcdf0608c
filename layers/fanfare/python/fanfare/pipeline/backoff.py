"""Timing of deliveries: leases, retries, doubts."""

from __future__ import annotations

import random
from dataclasses import dataclass


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
