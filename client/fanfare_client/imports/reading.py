"""Which source a file is from, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import bundle
from .records import Read, Unreadable
from .sources import ALL
from .sources.base import Head, Source, head_of
from .tables import users
from .tables.options import TableOptions
from .tables.text import lines_of


def _bundle_rows(file: Path, _: TableOptions) -> Iterator[Read]:
    return bundle.rows(lines_of(file, "utf-8"))


BUNDLE: Final = Source("bundle", _bundle_rows, lambda head: bundle.is_bundle(head.first_line))
# recognised last: a table has any columns
CSV: Final = Source("csv", users.rows, lambda head: bool(head.columns), one_row=True)
SOURCES: Final = {source.name: source for source in (BUNDLE, *ALL, CSV)}
NAMES: Final = tuple(SOURCES)


def source_named(name: str) -> Source:
    """Raises Unreadable."""
    if name not in SOURCES:
        raise Unreadable(f"--from {name}: must be one of {', '.join(NAMES)}.")
    return SOURCES[name]


def detect(file: Path) -> Source:
    """The source, by what the file begins with. Raises Unreadable."""
    head: Head = head_of(file)
    for source in SOURCES.values():
        if source.recognises(head):
            return source
    raise Unreadable(f"{file} is not recognised. Pass --from with one of {', '.join(NAMES)}.")
