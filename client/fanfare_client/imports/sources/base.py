"""What a source is, and the ways to read one: rows of a table, objects of JSON, members of a zip."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..records import LeftOut, Read, Record, Unreadable, Wrong
from ..tables import users
from ..tables.options import TableOptions
from ..tables.text import encoding_of, opened

Found = Sequence[Record | LeftOut]
Row = Mapping[str, str]
HEAD: Final = 1 << 16  # bytes that tell the source
BLOCK: Final = 1 << 16


@dataclass(frozen=True)
class Head:
    """What a file begins with. `columns`: of a table; `keys`: of the first object; `members`: of a zip."""

    name: str
    first_line: str = ""
    text: str = ""
    columns: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    members: Sequence[str] = ()

    def has(self, *columns: str) -> bool:
        return set(columns) <= self.columns

    def has_keys(self, *keys: str) -> bool:
        return set(keys) <= self.keys


@dataclass(frozen=True)
class Source:
    """`notes`: what the source does not keep. `one_row`: a user has one row."""

    name: str
    rows: Callable[[Path, TableOptions], Iterator[Read]]
    recognises: Callable[[Head], bool]
    one_row: bool = False
    notes: Sequence[str] = ()


def head_of(file: Path) -> Head:
    """Raises Unreadable."""
    with opened(file) as content:
        start = content.read(HEAD)
    if start.startswith(b"PK") and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            names = packed.namelist()
        if not any(name.startswith(("xl/", "content.xml")) for name in names):
            return Head(file.name, members=names)
    text = start.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    first = text.split("\n", 1)[0]
    if text.startswith(("{", "[")):
        return Head(file.name, first, text, keys=_keys(text))
    if not start:
        raise Unreadable(f"{file} is empty.")
    columns = frozenset(name.strip() for name in users.header_of(file, TableOptions(encoding=_any_encoding(file))))
    return Head(file.name, first, text, columns=columns)


def _any_encoding(file: Path) -> str:
    """An encoding in which the names of the columns, at least, can be read."""
    try:
        return encoding_of(file)
    except Unreadable:
        return "latin-1"


def _keys(text: str) -> frozenset[str]:
    """The keys of the first object and of the first objects inside, as far as the text has them."""
    return frozenset(re.findall(r'"([^"\\]{1,80})"\s*:', text[:8_192]))


# Tables


def table(convert: Callable[[Row], Found]) -> Callable[[Path, TableOptions], Iterator[Read]]:
    """Rows of a table, each converted separately."""

    def rows(file: Path, options: TableOptions) -> Iterator[Read]:
        for row in users.table_rows(file, options):
            if isinstance(row.values, LeftOut):
                yield Read(row.place, row.text, [row.values])
            else:
                values = {options.columns.get(name, name): value.strip() for name, value in row.values.items()}
                yield Read(row.place, row.text, converted(convert, values))

    return rows


def converted(convert: Callable[[Any], Found], value: Any) -> Found:
    try:
        return convert(value)
    except Wrong as wrong:
        return [wrong.left_out]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [LeftOut("unexpected", f"not as this source writes it: {error!r}")]


# Zip


@contextmanager
def member(file: Path, name: str) -> Iterator[Path]:
    """A member of a zip as a file of its own with the same name, while it is needed."""
    with zipfile.ZipFile(file) as packed, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / (PurePosixPath(name).name or "member")
        with packed.open(name) as source, target.open("wb") as unpacked:
            while block := source.read(BLOCK):
                unpacked.write(block)
        yield target
