"""Output: text for people, JSON for programs. Credentials are never passed to this module."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

# names and addresses could contain terminal control sequences
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_SINGULAR: Final = {"addresses": "address", "recipients": "recipient", "rows": "row", "users": "user"}

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(value: Any) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(value))


def say(text: str, *, style: str = "") -> None:
    out.print(Text(plain(text), style=style))


def as_json(value: Any) -> None:
    out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False)


def as_line(value: Any) -> None:
    """One object of a list, on one line."""
    out.print(json.dumps(value, ensure_ascii=False), markup=False)


def one(value: Any, json_wanted: bool, people: Callable[[Any], None]) -> None:
    """Print one object, as JSON or as text."""
    as_json(value) if json_wanted else people(value)


def done(deleted: str, json_wanted: bool) -> None:
    """Report a deletion: as JSON, or no output."""
    if json_wanted:
        as_json({"deleted": deleted})


def many(items: Iterable[Mapping[str, Any]], json_wanted: bool, columns: Sequence[str]) -> None:
    """Print a list: one JSON object per line, or a table."""
    if json_wanted:
        for item in items:
            as_line(item)
        return
    table = Table(*(name.replace("_", " ") for name in columns), box=None, pad_edge=False, header_style="bold")
    for item in items:
        table.add_row(*(Text(_cell(item.get(name))) for name in columns))
    # a pipe has no width: don't wrap or truncate
    shown = out if out.is_terminal else Console(highlight=False, width=10_000)
    shown.print(table if table.row_count else Text("none", style="dim"))


def counted(counts: Mapping[str, Any]) -> str:
    return ", ".join(number(count, word.replace("_", " ")) for word, count in counts.items() if count) or "none yet"


def number(count: int, words: str) -> str:
    """`words` is in the plural if it has one."""
    return f"1 {_SINGULAR.get(words, words)}" if count == 1 else f"{count} {words}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return plain(", ".join(f"{name} {_cell(inner)}" for name, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return plain(", ".join(_cell(inner) for inner in value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else plain(value)
