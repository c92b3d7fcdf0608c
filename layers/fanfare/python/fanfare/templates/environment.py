"""Jinja2 restricted so that a template can't read Python objects, run too long or grow without limit.

A template sees plain values only: it can look up items but read no attributes. What filters, tests and operators take
and return is limited, and each rendering has a budget of steps and time.
"""

from __future__ import annotations

from typing import Any, Final

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fanfare.templates.filters import registry
from fanfare.templates.filters.budget import EXPRESSION, Rendering
from fanfare.templates.filters.values import Attributes
from fanfare.templates.grammar import check, instrument

LOOP: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "previtem", "nextitem"}
)


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2 that only looks up items of plain values."""

    intercepted_binops = frozenset({"+", "*", "%"})

    def __init__(self, *, html: bool) -> None:
        super().__init__(
            autoescape=html,
            undefined=StrictUndefined,
            loader=None,
            keep_trailing_newline=True,
            finalize=registry.printed,
        )
        self.globals.clear()
        self.filters = registry.filters()
        self.tests = registry.tests()

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:  # the most frequent case
            return obj[attribute]
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in LOOP else self.undefined(obj=obj, name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if type(obj) is dict and type(argument) is str and argument in obj:
            return obj[argument]
        if isinstance(obj, Undefined):
            return obj[argument]  # raises UndefinedError with the name
        if isinstance(obj, Attributes) and isinstance(argument, str) and argument not in obj:
            return Undefined(obj=obj, name=argument)  # this one prints nothing
        if isinstance(obj, dict | list | tuple | str) and isinstance(argument, str | int | slice):
            found: Any = obj
            try:
                return found[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Rendering, operator: str, left: Any, right: Any) -> Any:  # type: ignore[override]
        context.budget.spend(EXPRESSION)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+" and not numbers:
            if not (isinstance(left, str) and isinstance(right, str)):
                raise SecurityError("+ takes two numbers or two strings")
            context.budget.count(len(left) + len(right))
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
