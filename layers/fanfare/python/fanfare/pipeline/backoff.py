"""How long a delivery waits: leases, retries, doubts."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How patient delivery is. Times in seconds."""

    lease: float
    backoff: float
    max_attempts: int
    doubt_grace: float
    stale_after: float

    def delay(self, attempts: int) -> float:
        """Exponential with full jitter on its upper half, at most 15 minutes: what a queue can hold back."""
        longest = min(self.backoff * 2 ** min(attempts, 20), 900.0)
        return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
