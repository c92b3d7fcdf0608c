"""Lines of a file, gzipped or not, as records with line numbers. Reads one line at a time."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from . import csv_format, pinpoint
from .rows import LeftOut, Row

LINE_LIMIT: Final = 256 * 1024
GZIP: Final = b"\x1f\x8b"
CUT: Final = 2_000  # characters of a too long line that the list of rejects shows


class Unreadable(Exception):
    """The file can't be imported; nothing was sent."""


@dataclass(frozen=True)
class Format:
    name: str
    row: Callable[[Mapping[str, str]], Row]
    column: Callable[[str], str]


CSV: Final = Format("csv", csv_format.row, csv_format.column)
PINPOINT: Final = Format("pinpoint", pinpoint.row, pinpoint.column)
FORMATS: Final = {known.name: known for known in (CSV, PINPOINT)}


@dataclass(frozen=True)
class Read:
    """A row of the file: number of its first line, text, and the parsed row or the reason why it is not imported."""

    line: int
    text: str
    found: Row | LeftOut


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """The file, decompressed. Raises Unreadable."""
    try:
        with file.open("rb") as raw:
            compressed = raw.read(2) == GZIP
            raw.seek(0)
            yield gzip.GzipFile(fileobj=raw) if compressed else raw  # type: ignore[misc]  # both read lines
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"{file} is damaged or truncated: {error}") from error
    except OSError as error:
        raise Unreadable(f"Can't read {file}: {error.strerror or error}") from error


def detect(file: Path) -> Format:
    """The format, detected from the first line. Raises Unreadable."""
    return _detected(file)[0]


def rows(file: Path, form: Format) -> Iterator[Read]:
    """All rows, without blank lines. Raises Unreadable."""
    _, is_json = _detected(file)
    with opened(file) as lines:
        yield from (_json_rows if is_json else _csv_rows)(lines, form)


def _detected(file: Path) -> tuple[Format, bool]:
    with opened(file) as lines:
        first = next((text for _, text in _lines(lines) if text.strip()), "")
    if first.lstrip().startswith("{"):
        return PINPOINT, True
    header = next(csv.reader([first]), [])
    if "ChannelType" in header and "Address" in header:
        return PINPOINT, False
    if "id" not in header:
        raise Unreadable(
            f"Unknown format of {file}. It must be an Amazon Pinpoint export (JSON lines, or CSV with the columns "
            "ChannelType and Address) or a comma-separated CSV file with a header that contains `id`."
        )
    if strange := csv_format.unknown(header):
        raise Unreadable(
            f"Unknown columns in {file}: {', '.join(strange)}. Known columns: {', '.join(csv_format.KNOWN)}."
        )
    return CSV, False


def _json_rows(lines: IO[bytes], form: Format) -> Iterator[Read]:
    for number, text in _lines(lines):
        if text.strip():
            yield Read(number, text[:CUT] if len(text) > LINE_LIMIT else text, _parsed(form, lambda: _endpoint(text)))  # noqa: B023


def _endpoint(text: str) -> Mapping[str, str]:
    try:
        endpoint = json.loads(_sound(text))
    except (ValueError, RecursionError) as error:
        raise LeftOut("not_json", f"invalid JSON: {error}") from error
    if not isinstance(endpoint, dict):
        raise LeftOut("not_json", "must be a JSON object")
    return pinpoint.flat(endpoint)


def _csv_rows(lines: IO[bytes], form: Format) -> Iterator[Read]:
    source = _Taken(_lines(lines))
    reader = csv.reader(source, strict=True)
    header = next(reader)
    while True:
        source.taken.clear()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found: Row | LeftOut = LeftOut("not_csv", f"invalid CSV: {error}; check that all quotes are closed")
            source.give_back()  # an unclosed quote consumes the following lines, which may be valid
        else:
            if not values:
                continue
            found = _parsed(form, lambda: _record(header, values))  # noqa: B023
        text = "".join(text for _, text in source.taken)
        yield Read(source.taken[0][0], text if len(text) <= LINE_LIMIT else text[:CUT], found)


def _record(header: list[str], values: list[str]) -> Mapping[str, str]:
    if len(values) != len(header):
        raise LeftOut("wrong_columns", f"has {len(values)} columns; the header has {len(header)}")
    for value in values:
        _sound(value)
    return dict(zip(header, values, strict=True))


def _parsed(form: Format, record: Callable[[], Mapping[str, str]]) -> Row | LeftOut:
    try:
        return form.row(record())
    except LeftOut as left_out:
        return left_out


def _sound(text: str) -> str:
    if len(text) > LINE_LIMIT:
        raise LeftOut("too_long", f"the line is longer than {LINE_LIMIT} bytes")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise LeftOut("not_utf8", "not UTF-8") from error
    return text


class _Taken:
    """Lines for csv.reader. `taken` are the lines of the current row: a quoted value may contain line breaks."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self.taken: list[tuple[int, str]] = []
        self._again: deque[tuple[int, str]] = deque()
        self._lines = lines

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


def _lines(lines: IO[bytes]) -> Iterator[tuple[int, str]]:
    """The lines, numbered from 1. A too long line is cut just above the limit."""
    number = 0
    while line := lines.readline(LINE_LIMIT + 2):
        number += 1
        while not line.endswith(b"\n") and (rest := lines.readline(LINE_LIMIT)):
            line = line[: LINE_LIMIT + 2] + (b"\n" if rest.endswith(b"\n") else b"")
        # invalid UTF-8 is kept for now, and reported for its row
        text = line.decode("utf-8", errors="surrogateescape")
        yield number, text.removeprefix("\ufeff") if number == 1 else text
