"""Pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
P = TypeVar("P")


def take(found: Iterable[T], limit: int, position: Callable[[T], P]) -> tuple[list[T], P | None]:
    """The first `limit` items, and the position of the last one if more follow, else None. Reads `limit` + 1 items."""
    page = list(islice(found, limit + 1))
    return page[:limit], position(page[limit - 1]) if len(page) > limit else None
