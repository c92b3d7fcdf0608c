"""A page of a list, and where the list goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
P = TypeVar("P")


def take(found: Iterable[T], limit: int, position: Callable[[T], P]) -> tuple[list[T], P | None]:
    """Up to `limit` of `found`, and the position of the last if there are more. Reads one more than `limit`."""
    page = list(islice(found, limit + 1))
    return page[:limit], position(page[limit - 1]) if len(page) > limit else None
