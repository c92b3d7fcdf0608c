"""Calls side by side, a bounded number at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

CALLS_AT_ONCE: Final = 8


def in_flight(call: Callable[[T], R], each: Iterable[T]) -> Iterator[R]:
    """The results as they come. After an error nothing more is begun; what is under way is waited for."""
    source = iter(each)
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        going: set[Future[R]] = {pool.submit(call, one) for one in islice(source, CALLS_AT_ONCE)}
        while going:
            done, going = wait(going, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
                going |= {pool.submit(call, one) for one in islice(source, 1)}
