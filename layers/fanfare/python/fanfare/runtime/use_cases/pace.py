"""How patient the workers are with a batch."""

from __future__ import annotations

from fanfare.pipeline.backoff import Pace
from fanfare.runtime.settings import settings


def pace() -> Pace:
    """The times and attempts that the deployment decides."""
    known = settings()
    return Pace(
        lease=known.lease,
        backoff=known.backoff,
        max_attempts=known.max_attempts,
        doubt_grace=known.doubt_grace,
        stale_after=known.stale_after,
    )
