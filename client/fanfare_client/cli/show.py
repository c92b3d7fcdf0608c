"""Output: text for people, JSON for programs. Credentials are never passed to this module."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import words

# names and addresses could contain terminal control sequences
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MILLISECONDS: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z")

_SINGULAR: Final = {"addresses": "address", "recipients": "recipient", "rows": "row", "users": "user"}
WIDE: Final = 10_000  # columns: nothing is wrapped or cut
LESS: Final = "-SRX"  # scroll long lines sideways, show colours, leave the table on the screen

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


def many(
    items: Iterable[Mapping[str, Any]],
    json_wanted: bool,
    columns: Sequence[str],
    told: Mapping[str, Callable[[Any], str | None]] | None = None,
) -> None:
    """Print a list: one JSON object per line, or a table. `told`: column → its words, made of the item."""
    if json_wanted:
        for item in items:
            as_line(item)
        return
    made = told or {}
    table(columns, ([made[name](item) if name in made else item.get(name) for name in columns] for item in items))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """Print a table as wide as its content, without a head if no column has a name.

    A terminal that is narrower scrolls it sideways; nothing is cut.
    """
    found = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for name in columns:
        found.add_column(name.replace("_", " "), no_wrap=True, justify="right" if name in right else "left")
    for row in rows:
        found.add_row(*(_text(value) for value in row))
    shown = found if found.row_count else Text("none", style="dim")
    width = max(1, Console(width=WIDE).measure(shown).maximum)
    screen = Console(highlight=False, width=width)  # a pipe has no width
    pager = _pager() if width > out.width else None
    if pager is None:
        screen.print(shown)
        return
    with screen.capture() as written:
        screen.print(shown)
    environment = {"LESS": LESS} | os.environ
    subprocess.run(pager, input=written.get(), text=True, env=environment, check=False)  # noqa: S603 - the user's choice


def counted(counts: Mapping[str, Any]) -> str:
    return ", ".join(number(count, word.replace("_", " ")) for word, count in counts.items() if count) or "none yet"


def number(count: int, words: str) -> str:
    """`words` is in the plural if it has one."""
    return f"1 {_SINGULAR.get(words, words)}" if count == 1 else f"{count:,} {words}"


def yes(value: bool) -> str:
    return "yes" if value else "no"


def _text(value: Any) -> Text:
    cell = _cell(value)
    return Text(_MILLISECONDS.sub(r"\1Z", cell), style=words.STYLES.get(cell, ""))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return plain(", ".join(f"{name} {_cell(inner)}" for name, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return plain(", ".join(_cell(inner) for inner in value))
    if isinstance(value, bool):
        return yes(value)
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _pager() -> Sequence[str] | None:
    """$PAGER or `less`, if somebody sits at a terminal and it is installed."""
    wanted = shlex.split(os.environ.get("PAGER", "less"))
    seen = sys.stdin.isatty() and out.is_terminal and not out.is_dumb_terminal
    return wanted if seen and wanted and shutil.which(wanted[0]) else None
