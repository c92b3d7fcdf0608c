"""Values as JSON text: orjson takes a tenth of the time of Python's module, which writes what orjson does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson


def written(
    value: Any,
    *,
    default: Callable[[Any], Any] | None = None,
    option: int = 0,
    half_pairs: bool = False,
) -> str:
    """Compact JSON. `default` and `option` as orjson takes them.

    Python's module writes integers of more than 64 bits and, with `half_pairs`, unpaired surrogates, as escapes.
    """
    try:
        return orjson.dumps(value, default, option).decode()
    except TypeError:
        return json.dumps(value, default=default, ensure_ascii=half_pairs, separators=(",", ":"))
