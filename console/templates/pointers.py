"""The line of each JSON pointer (RFC 6901) in a JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def lines(text: str) -> dict[str, int]:
    """Pointer → line, from 1. The text must be JSON."""
    return dict(_values(_Tokens(text), ""))


def line_of(pointer: str, found: dict[str, int]) -> int | None:
    """The line of the value at the pointer or, if it does not exist, of its nearest parent."""
    while pointer not in found and pointer:
        pointer = pointer.rpartition("/")[0]
    return found.get(pointer)


class _Tokens:
    def __init__(self, text: str) -> None:
        self._text = text
        self._found = list(TOKEN.finditer(text))
        self._at = 0

    def next(self) -> tuple[str, int]:
        token = self._found[self._at]
        self._at += 1
        return token[0], self._text.count("\n", 0, token.start()) + 1

    def peek(self) -> str:
        return self._found[self._at][0]


def _values(tokens: _Tokens, pointer: str) -> Iterator[tuple[str, int]]:
    sign, line = tokens.next()
    yield pointer, line
    if sign not in ("{", "["):
        return
    index = 0
    while tokens.peek() not in ("}", "]"):
        step = str(index)
        if sign == "{":
            step = str(json.loads(tokens.next()[0])).replace("~", "~0").replace("/", "~1")
            tokens.next()  # the colon
        yield from _values(tokens, f"{pointer}/{step}")
        index += 1
        if tokens.peek() == ",":
            tokens.next()
    tokens.next()
