"""Which calls are retried, and after which delay."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from .errors import Refused


@dataclass(frozen=True)
class Retries:
    """Up to `attempts` attempts in total, with exponential backoff and full jitter.

    If the server's Retry-After is longer than `longest` seconds, the call fails with that `retry_after`.
    """

    attempts: int = 5
    first: float = 0.2  # seconds
    longest: float = 20.0

    def pause(self, attempt: int, error: Exception, *, repeatable: bool) -> float | None:
        """Seconds to wait after the given attempt (counted from 1); None if the call must not be retried."""
        if attempt >= self.attempts or not _worth_another(error, repeatable=repeatable):
            return None
        backoff = random.uniform(0, min(self.longest, self.first * 2**attempt))  # noqa: S311  # jitter needs no secure randomness
        asked = (error.retry_after if isinstance(error, Refused) else None) or 0.0
        return None if asked > self.longest else max(backoff, asked)


def _worth_another(error: Exception, *, repeatable: bool) -> bool:
    if isinstance(error, httpx2.RequestError):
        # a request that was never sent can always be retried
        return repeatable or isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
    if not isinstance(error, Refused) or not error.retryable:
        return False
    return error.status == 429 or (error.status >= 500 and repeatable)


def retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header in either form (RFC 9110, 10.2.3); None if it is invalid."""
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
