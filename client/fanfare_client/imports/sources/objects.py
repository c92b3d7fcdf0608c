"""JSON files: one object per line, an array of objects, or larger objects with arrays of them, e.g. pages of an API."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from ..records import LeftOut, Read, Unreadable
from ..tables.options import TableOptions
from ..tables.text import LINE_LIMIT, lines_of, opened
from .base import Found, converted

OBJECT_LIMIT: Final = 1 << 20  # characters
BLOCK: Final = 1 << 16
CUT: Final = 2_000  # characters that the report shows of a too long line
BETWEEN: Final = " \t\r\n,:[]}\ufeff"


def objects(convert: Callable[[Any], Found], *lists: str) -> Callable[[Path, TableOptions], Iterator[Read]]:
    """All objects of a file, each converted separately. `lists`: arrays that contain them, e.g. `data.results`."""

    def rows(file: Path, _: TableOptions) -> Iterator[Read]:
        found = _of_lines(file) if _has_lines(file, lists) else _of_document(file, lists)
        for place, text, value in found:
            yield Read(place, text, [value] if isinstance(value, LeftOut) else converted(convert, value))

    return rows


def _has_lines(file: Path, lists: Sequence[str]) -> bool:
    """Whether the first line is a whole object that has no list of objects."""
    first = next((text for _, text in lines_of(file, "utf-8", errors="surrogateescape") if text.strip()), "")
    try:
        if not first.lstrip().startswith("{") or len(first) > LINE_LIMIT:
            return False
        return _listed(json.loads(first), lists) is None
    except (ValueError, RecursionError):
        return False


def _of_lines(file: Path) -> Iterator[tuple[int, str, Any]]:
    for place, text in lines_of(file, "utf-8", errors="surrogateescape"):
        if text.strip():
            yield place, text if len(text) <= LINE_LIMIT else text[:CUT], _parsed(text)


def _parsed(text: str) -> Any:
    if len(text) > LINE_LIMIT:
        return LeftOut("too_long", f"the line is longer than {LINE_LIMIT} characters")
    try:
        text.encode()
        value = json.loads(text)
    except UnicodeEncodeError:
        return LeftOut("not_utf8", "not UTF-8")
    except (ValueError, RecursionError) as error:
        return LeftOut("not_json", f"invalid JSON: {error}")
    return value if isinstance(value, dict) else LeftOut("not_json", "must be a JSON object")


def _listed(value: Any, lists: Sequence[str]) -> list[Any] | None:
    """The elements of the lists of an object; None if it has none."""
    found: list[Any] | None = None
    for path in lists:
        inner = value
        for name in path.split("."):
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, list):
            found = [*(found or ()), *inner]
    return found


def _inner(value: Any, lists: Sequence[str]) -> list[Any]:
    found = _listed(value, lists)
    return [value] if found is None else found


def _of_document(file: Path, lists: Sequence[str]) -> Iterator[tuple[int, str, Any]]:
    with opened(file) as content:
        for place, value in enumerate(_Document(file, content, lists).values(), start=1):
            sound = value if isinstance(value, dict) else LeftOut("not_json", "must be a JSON object")
            yield place, json.dumps(value, ensure_ascii=False), sound


class _Document:
    """Reads one value after the other, in bounded memory."""

    def __init__(self, file: Path, content: IO[bytes], lists: Sequence[str]) -> None:
        self._file = file
        self._content = content
        self._lists = lists
        self._text = ""
        self._ended = self._inside = False
        self._decoder = json.JSONDecoder()
        self._bytes = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        names = [re.escape(path.rpartition(".")[2]) for path in lists]
        self._list = re.compile("|".join(rf'"{name}"\s*:\s*\[' for name in names) or "(?!)")

    def values(self) -> Iterator[Any]:
        number = 0
        while self._skip():
            for each in _inner(self._value(number), self._lists):
                # what follows a list in its object
                if isinstance(each, dict) or not self._inside:
                    number += 1
                    yield each

    def _skip(self) -> bool:
        """Go to the next value. False at the end."""
        while True:
            self._text = self._text.lstrip(BETWEEN)
            if self._text:
                return True
            if not self._more():
                return False

    def _more(self) -> bool:
        if self._ended:
            return False
        block = self._content.read(BLOCK)
        self._ended = not block
        self._text += self._bytes.decode(block, self._ended)
        return not self._ended

    def _value(self, number: int) -> Any:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text)
            except (ValueError, RecursionError):
                if len(self._text) > OBJECT_LIMIT and (found := self._list.search(self._text)):
                    self._text = self._text[found.end() :]
                    self._inside = True
                    return []
                if len(self._text) > OBJECT_LIMIT or not self._more():
                    raise Unreadable(
                        f"{self._file} is not JSON, or is damaged or truncated, after object {number}."
                    ) from None
            else:
                # a number may go on
                if end == len(self._text) and not isinstance(value, dict | list) and self._more():
                    continue
                self._text = self._text[end:]
                return value
