"""Filters and tests that are ours: Jinja's would take far longer, or return far more, than what they are given.

`round` and `tojson` take a number that multiplies, `sum` adds lists, `unique` and `trim` take time by the product of
two sizes, a pattern with `%` is filled in by `odd`, `even` and `divisibleby`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import Undefined
from jinja2.filters import make_attrgetter
from jinja2.utils import htmlsafe_json_dumps, url_quote
from markupsafe import Markup

from fanfare.templates.filters import localised
from fanfare.templates.filters.budget import VALUE_LIMIT, Rendering, bounded, listed
from fanfare.templates.filters.values import Refused, as_number, as_text, whole

PRECISION: Final = 20  # digits
INDENT: Final = 16  # blanks
CHARACTERS: Final = 100  # that `trim` looks for

Own = Callable[..., Any]


def jinja(context: Rendering, name: str, value: Any, *args: Any, **kwargs: Any) -> Any:
    """Call Jinja's filter of this name, which is registered under a name that no template can write."""
    return context.environment.call_filter(f"jinja {name}", value, args, kwargs, context)


def concat(values: list[Any]) -> str:
    """`~`"""
    texts = [as_text(value) for value in values]
    bounded(sum(map(len, texts)))
    if any(isinstance(text, Markup) for text in texts):
        return Markup("").join(texts)
    return "".join(texts)


def join(context: Rendering, value: Any, between: str = "", attribute: str | int | None = None) -> str:
    texts = [as_text(each) for each in _by(context, value, attribute)]
    between = as_text(between)
    bounded(sum(map(len, texts)) + len(between) * len(texts))
    joined: str = jinja(context, "join", texts, between)
    return joined


def replace(value: Any, old: Any, new: Any, count: int = -1) -> str:
    text, old, new = as_text(value), as_text(old), as_text(new)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    bounded(len(text) + times * len(new))
    return str(text).replace(old, new, count)


def round_(context: Rendering, value: Any, precision: int = 0, method: str = "common") -> Any:
    whole(precision, "precision of round", least=-PRECISION, most=PRECISION)
    return jinja(context, "round", as_number(value, "round"), precision, method)


def sort(context: Rendering, value: Any, *args: Any, **kwargs: Any) -> Any:
    return _ordered(context, "sort", value, *args, **kwargs)


def least(context: Rendering, value: Any, *args: Any, **kwargs: Any) -> Any:
    return _ordered(context, "min", value, *args, **kwargs)


def most(context: Rendering, value: Any, *args: Any, **kwargs: Any) -> Any:
    return _ordered(context, "max", value, *args, **kwargs)


def _ordered(context: Rendering, name: str, value: Any, *args: Any, **kwargs: Any) -> Any:
    values = listed(value)
    for attribute in (*args, *kwargs.values()):
        _bounded_look_ups(values, attribute)
    return jinja(context, name, values, *args, **kwargs)


def sum_(context: Rendering, value: Any, attribute: str | int | None = None, start: Any = 0) -> Any:
    return sum(
        [as_number(each, "sum") for each in _by(context, value, attribute)], as_number(start, "the start of sum")
    )


def unique(
    context: Rendering, value: Any, case_sensitive: bool = False, attribute: str | int | None = None
) -> list[Any]:
    """The first of each. The keys are text: numbers can be chosen so that Python's sets take quadratic time."""
    values = listed(value)
    found: dict[str, Any] = {}
    for each, by in zip(values, _by(context, values, attribute), strict=True):
        found.setdefault(_unique_key(by, case_sensitive), each)
    return list(found.values())


def _unique_key(value: Any, case_sensitive: bool) -> str:
    if isinstance(value, str):
        return f"text {value if case_sensitive else value.lower()}"
    if value is None or isinstance(value, int | float):
        return f"{int(value) if isinstance(value, int | float) and value == value // 1 else value!r}"
    raise Refused("unique takes texts and numbers; for objects give it an attribute")


def tojson(value: Any, indent: int | None = None) -> Markup:
    if indent is None:
        return htmlsafe_json_dumps(value, sort_keys=True)
    whole(indent, "indent of tojson", least=0, most=INDENT)
    return htmlsafe_json_dumps(value, dumps=_indented, indent=indent)


def _indented(value: Any, indent: int) -> str:
    pieces, size = [], 0
    for piece in json.JSONEncoder(indent=indent, sort_keys=True).iterencode(value):
        size += len(piece)
        bounded(size)
        pieces.append(piece)
    return "".join(pieces)


def default(value: Any, instead: Any = "", boolean: bool = False) -> Any:
    """Also for null, which Jinja's takes for a value."""
    missing = value is None or isinstance(value, Undefined) or (boolean and not value)
    return instead if missing else value


def trim(context: Rendering, value: Any, chars: str | None = None) -> Any:
    if chars is not None and len(as_text(chars)) > CHARACTERS:
        raise Refused(f"trim takes at most {CHARACTERS} characters to remove")
    return jinja(context, "trim", as_text(value), chars)


def truncate(
    context: Rendering, value: Any, length: int = 255, killwords: bool = False, end: str = "...", leeway: int = 5
) -> Any:
    end = as_text(end)
    whole(length, "length of truncate", least=0, most=VALUE_LIMIT)
    whole(leeway, "leeway of truncate", least=0, most=VALUE_LIMIT)
    if len(end) > length:
        raise Refused(f"truncate to {length:,} characters has no room for an end of {len(end):,}")
    return jinja(context, "truncate", as_text(value), length, killwords, end, leeway)


def urlencode(value: Any) -> str:
    if not isinstance(value, list | tuple | dict):
        return url_quote(as_text(value))
    pairs = value.items() if isinstance(value, dict) else value
    return "&".join(
        f"{url_quote(as_text(name), for_qs=True)}={url_quote(as_text(each), for_qs=True)}" for name, each in pairs
    )


def pure(function: Own) -> Own:
    """A filter that needs nothing of the rendering."""
    return lambda _, value, *args, **kwargs: function(value, *args, **kwargs)


def on_text(name: str) -> Own:
    """Jinja's filter, on the value as it is printed."""
    return lambda context, value, *args, **kwargs: jinja(context, name, as_text(value), *args, **kwargs)


def as_it_is(name: str) -> Own:
    return lambda context, value, *args, **kwargs: jinja(context, name, value, *args, **kwargs)


def _by(context: Rendering, values: Any, attribute: str | int | None) -> list[Any]:
    """The values, or an attribute of each."""
    found = listed(values)
    if attribute is None:
        return found
    _bounded_look_ups(found, attribute)
    return [*map(make_attrgetter(context.environment, attribute), found)]


def _bounded_look_ups(values: list[Any], attribute: Any) -> None:
    """`a.b,c.d` is looked up in four steps in each of the values."""
    if isinstance(attribute, str):
        bounded(len(values) * (1 + attribute.count(".") + attribute.count(",")))


FILTERS: Final[Mapping[str, Own]] = {
    "d": pure(default),
    "date": localised.date_,
    "datetime": localised.datetime_,
    "default": pure(default),
    "join": join,
    "max": most,
    "min": least,
    "money": localised.money,
    "number": localised.number,
    "percent": localised.percent,
    "plural": localised.plural,
    "replace": pure(replace),
    "round": round_,
    "sort": sort,
    "sum": sum_,
    "time": localised.time_,
    "tojson": pure(tojson),
    "trim": trim,
    "truncate": truncate,
    "unique": unique,
    "urlencode": pure(urlencode),
    **{
        name: on_text(name)
        for name in ("capitalize", "e", "escape", "lower", "striptags", "title", "upper", "wordcount")
    },
}

TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "divisibleby": lambda value, by: as_number(value, "divisibleby") % as_number(by, "divisibleby") == 0,
    "even": lambda value: as_number(value, "even") % 2 == 0,
    "lower": lambda value: as_text(value).islower(),
    "odd": lambda value: as_number(value, "odd") % 2 == 1,
    "upper": lambda value: as_text(value).isupper(),
}
