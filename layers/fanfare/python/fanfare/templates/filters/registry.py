"""Every filter and test of a template, each within the budget of its rendering.

Whatever one is called with is weighed before, and whatever it returns is counted after: that is done here, once, so
that no filter can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from jinja2 import Undefined
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.tests import TESTS as JINJA_TESTS
from jinja2.utils import pass_context

from fanfare.templates.filters import own
from fanfare.templates.filters.budget import EXPRESSION, Rendering, weight
from fanfare.templates.filters.localised import WORK
from fanfare.templates.filters.values import Refused, as_text
from fanfare.templates.grammar import FILTERS, LOCALISED, TESTS

# Those whose work does not depend on the size of what they are given.
CONSTANT: Final = frozenset({"count", "d", "default", "first", "last", "length"})
CONSTANT_TESTS: Final = frozenset(
    {"boolean", "defined", "false", "integer", "iterable", "mapping", "none", "number", "sequence", "string", "true",
     "undefined"}
)  # fmt: skip
SCALARS: Final = frozenset({int, float, bool, type(None)})


def filters() -> dict[str, Callable[..., Any]]:
    """Ours by the name that a template writes, Jinja's by one that it can't."""
    return (
        {f"jinja {name}": JINJA_FILTERS[name] for name in FILTERS - LOCALISED}
        | {name: _bounded(name) for name in FILTERS}
        | {
            "_concat": _bounded("~", own.pure(own.concat)),
            "_given": _given,
            "_key": _key,
            "_step": _step,
            "_taken": _taken,
        }
    )


def tests() -> dict[str, Any]:
    return {name: _bounded_test(own.TESTS.get(name) or JINJA_TESTS[name], name in CONSTANT_TESTS) for name in TESTS}


def _bounded(name: str, function: Callable[..., Any] | None = None) -> Callable[..., Any]:
    function = function or own.FILTERS.get(name) or own.as_it_is(name)
    constant, work = name in CONSTANT, WORK if name in LOCALISED else 0

    @pass_context
    def call(context: Rendering, value: Any, *args: Any, **kwargs: Any) -> Any:
        if constant:
            context.budget.spend(EXPRESSION)
            return function(context, value, *args, **kwargs)
        context.budget.take(value, *args, *kwargs.values())
        context.budget.spend(work)
        returned = function(context, value, *args, **kwargs)
        return context.budget.give(list(returned) if isinstance(returned, Iterator) else returned)

    return call


def _bounded_test(function: Any, constant: bool) -> Callable[..., bool]:
    @pass_context
    def call(context: Rendering, value: Any, *args: Any) -> bool:
        if constant:
            context.budget.spend(EXPRESSION)
        else:
            context.budget.take(value, *args)
        return bool(function(value, *args))

    return call


@pass_context
def _step(context: Rendering, _value: Any) -> str:
    """A step of a loop."""
    context.budget.step()
    return ""


@pass_context
def _taken(context: Rendering, value: Any) -> Any:
    """What is compared, or looked at by the condition of a loop."""
    context.budget.spend(EXPRESSION if type(value) in SCALARS else EXPRESSION + weight(value))
    return value


@pass_context
def _given(context: Rendering, value: Any) -> Any:
    """A slice."""
    context.budget.spend(EXPRESSION)
    return value if isinstance(value, Undefined) else context.budget.give(value)


def _key(value: Any) -> Any:
    """A key of an object that the template writes: a list as a key is hashed as often as it is referred to."""
    if not isinstance(value, str) and type(value) not in SCALARS:
        raise Refused("the key of an object is a text or a number")
    return value


@pass_context  # or Jinja prints constants while it compiles
def printed(_: Rendering, value: Any) -> Any:
    """What `{{ … }}` prints; `Compiled` spends for each piece of text."""
    return value if isinstance(value, str) else as_text(value)
