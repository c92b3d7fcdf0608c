"""Bounded retries with jitter: of conflicting writes, and of items that AWS left unprocessed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from random import uniform
from typing import Final, TypeVar

from fanfare.errors import ConditionFailed, Unavailable

T = TypeVar("T")
Sleep = Callable[[float], None]

FIRST_SECONDS: Final = 0.05
ATTEMPTS: Final = 16
LONGEST_SECONDS: Final = 0.5  # then all attempts take 3 s on average, 6 s at most; a request has 29 s


def pause(attempt: int, *, longest: float = math.inf, sleep: Sleep = time.sleep) -> None:
    """Wait with full jitter: up to 50 ms after the first attempt (0), up to twice as long after each further one."""
    sleep(uniform(0, min(FIRST_SECONDS * 2**attempt, longest)))  # noqa: S311 - jitter, not a secret


def until_settled(attempt: Callable[[], T], *, attempts: int = ATTEMPTS, sleep: Sleep = time.sleep) -> T:
    """The result of `attempt`, which reads and writes, and is repeated if it raises ConditionFailed.

    Raises Unavailable after `attempts` failures in a row.
    """
    for number in range(attempts):
        if number:
            pause(number - 1, longest=LONGEST_SECONDS, sleep=sleep)
        try:
            return attempt()
        except ConditionFailed as failed:
            last = failed
    raise Unavailable(f"Other requests changed the same data {attempts} times in a row. Try again.") from last
