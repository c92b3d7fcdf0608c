# Written by tests/client/unasync.py from its twin in _async.
"""A paginated list of the API. Pages are requested while you iterate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from ..calls import Call
from ..types import Page
from .transport import Transport

T = TypeVar("T")


class Items(Generic[T]):
    """Iterate over it for all items, or over `pages()` to store a cursor and continue later."""

    def __init__(self, transport: Transport, path: str, query: Mapping[str, Any]) -> None:
        self._transport = transport
        self._call = Call("GET", path, query)

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in page["items"]:
                yield item

    def pages(self) -> Iterator[Page[T]]:
        call = self._call
        while True:
            page: Page[T] = self._transport.json(call)
            yield page
            if not page["next_cursor"]:
                return
            call = replace(call, query={**call.query, "cursor": page["next_cursor"]})
