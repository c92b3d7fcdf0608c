"""JSON that means one thing: what parsers disagree on is refused (RFC 8259 and RFC 7493, I-JSON).

No key twice, no NaN or Infinity, no number beyond a double, no lone surrogate, no nesting that would
exhaust a parser further on.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, Final, NoReturn

from fanfare.errors import MalformedRequest

NESTING_LIMIT: Final = 64
DIGITS_LIMIT: Final = 308  # of a whole number: what a double still holds


def parse(text: str) -> Any:
    """The value that the text stands for. Raises MalformedRequest."""
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedRequest(f"the body is not JSON: {error.msg.lower()} at {where}") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check_nesting(value)
    _check_text(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise MalformedRequest(f"the body has an object with the key {twice[:100]!r} more than once")
    return found


def _constant(name: str) -> NoReturn:
    raise MalformedRequest(f"the body is not JSON: {name} is no number")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise MalformedRequest("the body has a number that is too large")
    return number


def _int(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise MalformedRequest("the body has a number that is too large")
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
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise MalformedRequest("the body has text with half of a surrogate pair") from error


def _too_deep() -> MalformedRequest:
    return MalformedRequest(f"the body is nested more than {NESTING_LIMIT} levels deep")
