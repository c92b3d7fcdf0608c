"""Unambiguous JSON: input that parsers read differently is rejected (RFC 8259 and RFC 7493, I-JSON).

No duplicate keys, NaN, Infinity, numbers outside the range of a double, unpaired surrogates, or nesting that
could exhaust a later parser.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, Final, NoReturn

from fanfare.errors import MalformedRequest
from fanfare.json_text import written

NESTING_LIMIT: Final = 64
DIGITS_LIMIT: Final = 308  # of an integer: a double holds no more


def parse(text: str) -> Any:
    """The parsed value. Raises MalformedRequest."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedRequest(f"Request body is not valid JSON: {error.msg.lower()} at {where}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check_nesting(value)
    if "\\u" in text:
        _check_text(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise MalformedRequest(f"Request body has the key {twice[:100]!r} twice in one object. Keys must be unique.")
    return found


def _constant(name: str) -> NoReturn:
    raise MalformedRequest(f"Request body is not valid JSON: {name} is not a JSON number.")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise MalformedRequest("Request body has a number that is too large; the limit is about 1.8e308.")
    return number


def _int(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise MalformedRequest(f"Request body has an integer that is too long; the limit is {DIGITS_LIMIT} digits.")
    return int(text)


def _check_nesting(value: Any) -> None:
    level = [value]
    for _ in range(NESTING_LIMIT):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    if any(isinstance(each, dict | list) for each in level):
        raise _too_deep()


def _check_text(value: Any) -> None:
    """Only an escape can be half of a pair: the text of a body was decoded from UTF-8."""
    try:
        written(value).encode()
    except UnicodeEncodeError as error:
        raise MalformedRequest("Request body has a string with an unpaired UTF-16 surrogate.") from error


def _too_deep() -> MalformedRequest:
    return MalformedRequest(f"Request body is nested too deeply; the limit is {NESTING_LIMIT} levels.")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
)
