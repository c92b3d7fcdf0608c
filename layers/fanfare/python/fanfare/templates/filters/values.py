"""How values are printed, and what filters ask of their arguments."""

from __future__ import annotations

from typing import Any, Final

from jinja2 import Undefined
from jinja2.exceptions import TemplateRuntimeError

NAMES: Final = {list: "a list", tuple: "a list", dict: "an object"}


class Attributes(dict[str, Any]):
    """The attributes of a user: one that is unknown prints nothing."""


class Refused(TemplateRuntimeError):
    """A filter, test or operator does not take this value."""


def as_text(value: Any) -> str:
    """The value as a template prints it, scalars as JSON spells them and null as nothing; markup stays markup."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Undefined):
        return str(value)
    what = next((name for kind, name in NAMES.items() if isinstance(value, kind)), type(value).__name__)
    raise Refused(f"{what} can't be printed; loop over it, or use a filter, e.g. join or tojson")


def as_number(value: Any, name: str) -> int | float:
    """The value, which the filter or test takes only if it is a number."""
    if not isinstance(value, int | float):
        raise Refused(f"{name} takes numbers only")
    return value


def whole(value: Any, name: str, *, least: int, most: int) -> int:
    """The value, which has to be a whole number within limits."""
    if not isinstance(value, int) or not least <= value <= most:
        raise Refused(f"{name} is a whole number from {least:,} to {most:,}")
    return value
