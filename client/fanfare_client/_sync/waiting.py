"""Sleeping and blocking work for threads. The counterpart for event loops is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

T = TypeVar("T")

__all__ = ["off_the_loop", "sleep"]


def off_the_loop(work: Callable[[], T]) -> T:
    return work()
