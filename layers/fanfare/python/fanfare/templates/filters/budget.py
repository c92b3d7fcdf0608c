"""The limits of one rendering: steps, time, and what values it makes.

Time is looked at by work, because reading the clock of a thread is a system call: everything that a template does
spends work by the size of what it is done to, and each `WORK_A_LOOK` of it the clock is read. The most that one call
of a filter can take is bounded by the size of a value, `VALUE_LIMIT`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Final

from jinja2 import Undefined
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context

from fanfare.templates.filters.reading import Reading

VALUE_LIMIT: Final = (
    400_000  # characters, digits and elements of what a filter or operator takes, or of what it returns
)
TOTAL_LIMIT: Final = 20_000_000  # of all that filters and operators return in one rendering
NUMBER_LIMIT: Final = 16_000  # bits; JSON has at most 4,300 digits here
ITERATION_LIMIT: Final = 20_000  # steps of all loops of one rendering
SECONDS_LIMIT: Final = 1.0  # of the thread's own CPU time

WORK_A_LOOK: Final = 50_000  # characters and elements: about 5 ms
STEP: Final = 1_000  # work of a step of a loop
EXPRESSION: Final = 100  # work of an expression, in addition to that of its values

PLAIN: Final = (str, int, float, list, tuple, dict, type(None), Undefined)


class Exceeded(TemplateRuntimeError):
    """A limit of one rendering was exceeded."""


class TimeLimit(ABC):
    """A limit of the thread's own CPU time, from the first look at its clock on, which is once for `look` of work."""

    def __init__(self, seconds: float, *, look: int) -> None:
        self.seconds, self.look = seconds, look
        self.work = 0
        self.until: float | None = None

    def spend(self, work: int) -> None:
        """Before or after the work is done. Raises `late` if the time is over."""
        self.work += work
        if self.work < self.look:
            return
        self.work = 0
        now = time.thread_time()
        if self.until is None:
            self.until = now + self.seconds
        if now > self.until:
            raise self.late()

    @abstractmethod
    def late(self) -> Exception:
        """The error if the time is over."""


class Budget(TimeLimit):
    """What one rendering has used, and its limits."""

    def __init__(self, *, iterations: int = 0, returned: int = 0, seconds: float | None = None) -> None:
        super().__init__(SECONDS_LIMIT if seconds is None else seconds, look=WORK_A_LOOK)
        self.iterations, self.returned = iterations, returned

    def late(self) -> Exception:
        return Exceeded(f"takes too long to render; the limit is {self.seconds:g} s")

    def step(self) -> None:
        """One step of a loop."""
        self.iterations += 1
        if self.iterations >= ITERATION_LIMIT:
            raise Exceeded(f"loops take too many steps; the limit is {ITERATION_LIMIT:,}")
        self.spend(STEP)

    def take(self, *values: Any) -> None:
        """What a filter or operator is about to be called with."""
        self.spend(EXPRESSION + sum([weight(value) for value in values]))

    def give(self, value: Any) -> Any:
        """What a filter or operator has returned."""
        if isinstance(value, str | list | tuple | dict):
            self.count(len(value))
        else:
            weight(value)
        return value

    def count(self, size: int) -> None:
        """Check a value of this size, before it is made if it could be far too large."""
        bounded(size)
        self.returned += size
        if self.returned > TOTAL_LIMIT:
            raise Exceeded(f"filters and operators return too much; the limit is {TOTAL_LIMIT:,} characters together")


class Rendering(Context):
    """Jinja's context, with the budget of the rendering. Like `new_context`, but without globals, and without blocks
    that call each other."""

    budget: Budget
    reading: Reading


def bounded(size: int) -> None:
    if size > VALUE_LIMIT:
        raise Exceeded(f"a value is too long; the limit is {VALUE_LIMIT:,} characters")


def weight(value: Any) -> int:
    """Characters and elements of a value, each as often as it is referred to. Raises Exceeded beyond the limit."""
    if isinstance(value, str):
        bounded(len(value))
        return len(value)
    size, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        size += 1
        if isinstance(each, str):
            size += len(each)
        elif isinstance(each, list | tuple):
            bounded(size + len(waiting) + len(each))
            waiting += each
        elif isinstance(each, dict):
            bounded(size + len(waiting) + len(each))
            waiting += each
            waiting += each.values()
        elif isinstance(each, int) and each.bit_length() > NUMBER_LIMIT:
            raise Exceeded(f"a number is too large; the limit is {NUMBER_LIMIT:,} bits")
        elif not isinstance(each, PLAIN):
            raise TemplateRuntimeError(f"{type(each).__name__} is not a value; filters take data")
        bounded(size)
    return size


def listed(values: Iterable[Any]) -> list[Any]:
    """What a filter goes through: a list, or the characters, keys or items of something else."""
    return values if isinstance(values, list) else list(values)
