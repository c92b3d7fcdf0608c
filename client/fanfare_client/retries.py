"""When a call is made again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from .errors import Refused


@dataclass(frozen=True)
class Retries:
    """Up to `attempts` in all, with exponential backoff and full jitter between them.

    A server that asks for a longer pause than `longest` is taken at its word: the call fails with its `retry_after`.
    """

    attempts: int = 5
    first: float = 0.2  # seconds
    longest: float = 20.0

    def pause(self, attempt: int, error: Exception, *, repeatable: bool) -> float | None:
        """Seconds to wait after the `attempt`-th, counted from 1; None where there is no sense in another."""
        if attempt >= self.attempts or not _worth_another(error, repeatable=repeatable):
            return None
        backoff = random.uniform(0, min(self.longest, self.first * 2**attempt))  # noqa: S311  # nothing is secret here
        asked = (error.retry_after if isinstance(error, Refused) else None) or 0.0
        return None if asked > self.longest else max(backoff, asked)


def _worth_another(error: Exception, *, repeatable: bool) -> bool:
    if isinstance(error, httpx.RequestError):
        # what never left may always go again
        return repeatable or isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
    if not isinstance(error, Refused) or not error.retryable:
        return False
    return error.status == 429 or (error.status >= 500 and repeatable)


def retry_after(header: str | None) -> float | None:
    """Seconds, from either form of Retry-After (RFC 9110, 10.2.3); None for anything else."""
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
