"""Lists as CSV files, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from flask import Response

# A spreadsheet takes a cell that begins with one of these for a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM: Final = "\ufeff"  # Excel reads UTF-8 only with it


def csv_file(name: str, columns: Sequence[str], items: Iterable[Mapping[str, Any]]) -> Response:
    """`columns` are names of fields, with dots inside of objects. The first items are read before anything is sent."""
    rows = iter(items)
    first = [each for each in [next(rows, None)] if each is not None]
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(_lines(columns, chain(first, rows)), mimetype="text/csv", headers=headers)


def safe(value: Any) -> str:
    """As text that no spreadsheet takes for a formula."""
    text = _written(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(columns: Sequence[str], items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield BOM + _line(columns)
    for item in items:
        yield _line([safe(_field(item, column)) for column in columns])


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _field(item: Mapping[str, Any], column: str) -> Any:
    found: Any = item
    for name in column.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(_written(each) for each in value)
    return str(value)
