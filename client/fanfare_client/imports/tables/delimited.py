"""Rows of CSV: with a comma, a semicolon, a tab or a bar, and quotes that may not be closed."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Self

from ..records import LeftOut, Unreadable
from .options import TableOptions
from .text import LINE_LIMIT, encoding_of, lines_of

DELIMITERS: Final = ",;\t|"
SEP: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # written and read by Excel
CUT: Final = 2_000  # characters of a too long row that the report shows


@dataclass(frozen=True)
class TableRow:
    """A row: its first line, its text, and its values by column or why it can't be read."""

    place: int
    text: str
    values: dict[str, str] | LeftOut


def rows(file: Path, options: TableOptions) -> Iterator[TableRow]:
    """All rows below the header, without blank ones. Raises Unreadable."""
    lines = lines_of(file, options.encoding or encoding_of(file))
    first = next(lines, (1, ""))
    found = SEP.fullmatch(first[1])
    delimiter = found[1] if found else None
    source = _Taken(lines if found else chain([first], lines))
    yield from _rows(source, delimiter or delimiter_of(first[1]))


def header_of(file: Path, options: TableOptions) -> list[str]:
    """The names of the columns."""
    lines = lines_of(file, options.encoding or encoding_of(file))
    _, first = next(lines, (1, ""))
    found = SEP.fullmatch(first)
    if found:
        _, first = next(lines, (2, ""))
    return next(csv.reader([first], delimiter=found[1] if found else delimiter_of(first)), [])


def delimiter_of(line: str) -> str:
    """The delimiter that splits the line into most columns."""
    return max(DELIMITERS, key=lambda each: len(next(csv.reader([line], delimiter=each), [])))


def _rows(source: _Taken, delimiter: str) -> Iterator[TableRow]:
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise Unreadable(f"The first line is not CSV: {error}.") from error
    check_header(header)
    while True:
        source.taken.clear()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            detail = f"invalid CSV: {error}; check that all quotes are closed"
            source.give_back()  # an unclosed quote consumes the following lines, which may be valid
            yield _row(source, LeftOut("not_csv", detail))
        else:
            if any(value.strip() for value in values):
                yield _row(source, record(header, values))


def _row(source: _Taken, values: dict[str, str] | LeftOut) -> TableRow:
    text = "".join(text for _, text in source.taken)
    if len(text) > LINE_LIMIT:
        values = LeftOut("too_long", f"the row is longer than {LINE_LIMIT} characters")
    return TableRow(source.taken[0][0], text if len(text) <= LINE_LIMIT else text[:CUT], values)


def check_header(header: Sequence[str]) -> None:
    """Raises Unreadable if two columns have one name."""
    names = [name.strip() for name in header if name.strip()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unreadable(f"Two columns have the name {', '.join(twice)}. Rename one.")


def record(header: Sequence[str], values: Sequence[str]) -> dict[str, str] | LeftOut:
    """The values by column. Empty values at the end may be too many."""
    values = [*values]
    while len(values) > len(header) and not values[-1].strip():
        values.pop()
    if len(values) != len(header):
        return LeftOut("wrong_columns", f"has {len(values)} columns; the header has {len(header)}")
    named = max(place for place, name in enumerate(header, start=1) if name.strip())
    if any(value.strip() for value in values[named:]):
        return LeftOut("wrong_columns", f"has a value after the {named} columns: was a text cut at its separator?")
    return dict(zip((name.strip() for name in header), values, strict=True))


class _Taken:
    """Lines for csv.reader. `taken` are the lines of the current row: a quoted value may contain line breaks."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self.taken: list[tuple[int, str]] = []
        self._again: deque[tuple[int, str]] = deque()
        self._lines = iter(lines)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line[1]

    def give_back(self) -> None:
        """Return all lines of the row except the first, so that they are read again."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
