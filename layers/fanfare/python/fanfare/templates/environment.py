"""Jinja2 restricted so that a template can't read Python objects, run too long or grow without limit.

A template sees plain values only: it can look up items but read no attributes. Filters and operators that multiply
are limited, and each rendering has a budget of steps and time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import Context, LoopContext, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from fanfare.templates.grammar import FILTERS, TESTS, check, instrument

VALUE_LIMIT: Final = 400_000  # characters of a value that a filter or operator returns
ITERATION_LIMIT: Final = 20_000  # steps of all loops of one rendering
SECONDS_LIMIT: Final = 1.0  # of the thread's own CPU time
STEPS_A_LOOK: Final = 50

LOOP: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "previtem", "nextitem"}
)


class Budget:
    """Steps and time that one rendering has used, and its limits."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations
        self.until: float | None = None

    def step(self) -> None:
        self.iterations += 1
        if self.iterations % STEPS_A_LOOK:  # reading the thread's clock is a system call: not in every step
            return
        if self.iterations >= ITERATION_LIMIT:
            raise Exceeded(f"loops take too many steps; the limit is {ITERATION_LIMIT:,}")
        now = time.thread_time()
        self.until = self.until or now + SECONDS_LIMIT
        if now > self.until:
            raise Exceeded(f"takes too long to render; the limit is {SECONDS_LIMIT:g} s")


class Exceeded(TemplateRuntimeError):
    """A limit of one rendering was exceeded."""


def _bounded(size: int) -> None:
    if size > VALUE_LIMIT:
        raise Exceeded(f"a value is too long; the limit is {VALUE_LIMIT:,} characters")


@pass_context
def _step(context: Context, _value: Any) -> str:
    context["_budget"].step()
    return ""


def _concat(values: Sequence[Any]) -> str:
    _bounded(sum(len(str(value)) for value in values))
    return markup_join(values) if any(hasattr(value, "__html__") for value in values) else str_join(values)


def _replace(value: Any, old: str, new: str, count: int = -1) -> str:
    text, old, new = str(value), str(old), str(new)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    _bounded(len(text) + times * len(new))
    return text.replace(old, new, count)


@pass_context
def _join(context: Context, value: Iterable[Any], between: str = "") -> str:
    values = list(value)
    _bounded(sum(len(str(each)) for each in values) + len(str(between)) * len(values))
    joined: str = JINJA_FILTERS["join"](context.eval_ctx, values, between)
    return joined


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2 that only looks up items of plain values."""

    intercepted_binops = frozenset({"+", "*", "%"})

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, loader=None, keep_trailing_newline=True)
        self.globals.clear()
        self.filters = {name: JINJA_FILTERS[name] for name in FILTERS}
        self.filters |= {"replace": _replace, "join": _join, "_step": _step, "_concat": _concat}
        self.tests = {name: test for name, test in self.tests.items() if name in TESTS or not name.isalpha()}

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in LOOP else self.undefined(obj=obj, name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]  # raises UndefinedError with the name
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+" and not numbers:
            if not (isinstance(left, str) and isinstance(right, str)):
                raise SecurityError("+ takes two numbers or two strings")
            _bounded(len(left) + len(right))
        elif not numbers:
            raise SecurityError(f"{operator} takes numbers only")
        elif isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > 256:
            raise SecurityError("numbers are too large; the limit is 256 bits together")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        check(tree)
        instrument(tree)
        return tree
