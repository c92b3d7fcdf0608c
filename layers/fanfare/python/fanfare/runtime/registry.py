"""What this process has opened: each thing once, when it is first asked for. One registry, which tests reset."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Registry:
    """Things by the function that opens them."""

    def __init__(self) -> None:
        self._opened: dict[Callable[[], Any], Any] = {}

    def once(self, build: Callable[[], T]) -> Callable[[], T]:
        """A function that opens its thing with its first call and returns it with every call."""

        @functools.wraps(build)
        def open_() -> T:
            if open_ not in self._opened:
                self._opened[open_] = build()
            found: T = self._opened[open_]
            return found

        return open_

    def at_start(self, open_: Callable[[], object]) -> None:
        """On Lambda, open it now: a function has more CPU while it is initialised. Elsewhere, with the first use."""
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            open_()

    def put(self, open_: Callable[[], object], instead: object) -> None:
        """Return `instead` from now on. What was opened before keeps what it has."""
        self._opened[open_] = instead

    def reset(self) -> None:
        """Forget everything: for tests, each of which has a world of its own."""
        self._opened.clear()
        gc.unfreeze()


opened = Registry()
