"""Objects of this process, each built once at first use, in one registry, which tests reset."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Registry:
    """Objects by the function that builds them."""

    def __init__(self) -> None:
        self._opened: dict[Callable[[], Any], Any] = {}

    def once(self, build: Callable[[], T]) -> Callable[[], T]:
        """A function that calls `build` at its first call and returns the same object at every call."""

        @functools.wraps(build)
        def open_() -> T:
            if open_ not in self._opened:
                self._opened[open_] = build()
            found: T = self._opened[open_]
            return found

        return open_

    def at_start(self, open_: Callable[[], object]) -> None:
        """On Lambda, build it now, because a function has more CPU during initialization. Elsewhere, at first use."""
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            open_()

    def put(self, open_: Callable[[], object], instead: object) -> None:
        """Return `instead` from now on. Objects built before keep the old one."""
        self._opened[open_] = instead

    def reset(self) -> None:
        """Forget all objects. For tests, which are independent of each other."""
        self._opened.clear()
        gc.unfreeze()


opened = Registry()
