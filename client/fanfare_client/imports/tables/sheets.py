"""Rows of spreadsheets: .xlsx and .ods, by python-calamine. The first sheet that is not empty is read.

Other sheets that are not empty are named, because users may be on them. Formats in which an error looks like an empty
cell are refused.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from ..records import LeftOut, Unreadable
from .cell_errors import cell_errors
from .delimited import TableRow, check_header, record

UNPACKED_LIMIT: Final = 64 << 20  # bytes of one part of the file: the library reads a sheet into memory
EXACT: Final = 10**15  # a spreadsheet keeps 15 digits of a number
SUFFIXES: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
BINARY: Final = b"\xd0\xcf"  # [MS-CFB]: .xls, and any file with a password


def is_sheet(file: Path, start: bytes) -> bool:
    return file.suffix.lower() in SUFFIXES and start[:2] in (b"PK", BINARY)


def rows(file: Path) -> Iterator[TableRow]:
    """All rows below the header, without blank ones; the number of a row is the sheet's. Raises Unreadable."""
    header: list[str] | None = None
    for number, cells in _cells(file):
        if isinstance(cells, LeftOut):
            yield TableRow(number, cells.detail, cells)
            continue
        values = [text_of(cell) for cell in cells]
        if not any(value.strip() for value in values):
            continue
        if header is None:
            header = values
            check_header(header)
        else:
            yield TableRow(number, _line(values), record(header, values))


def header_of(file: Path) -> list[str]:
    """The names of the columns."""
    found = ([text_of(cell) for cell in cells] for _, cells in _cells(file) if not isinstance(cells, LeftOut))
    return next((values for values in found if any(value.strip() for value in values)), [])


def _cells(file: Path) -> Iterator[tuple[int, Sequence[Any] | LeftOut]]:
    """(Number of the row, cells); after them, why each other sheet is left out."""
    try:
        calamine = import_module("python_calamine")
    except ImportError as error:
        raise Unreadable(
            "Spreadsheets need the package python-calamine: pip install python-calamine; or save it as CSV."
        ) from error
    try:
        _check_format(file)
        with calamine.CalamineWorkbook.from_path(file) as book:
            row, read = 0, ""
            for name in book.sheet_names:
                sheet = book.get_sheet_by_name(name)
                if sheet.height and read:
                    row += 1
                    detail = f"sheet {name} is not read, only {read}: save it as a file of its own"
                    yield row, LeftOut("another_sheet", detail)
                elif sheet.height:
                    read = name
                    for row, cells in _named_errors(sheet, cell_errors(file, name)):
                        yield row, cells
    except (calamine.CalamineError, ElementTree.ParseError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable(f"Can't read {file} as a spreadsheet: {error}") from error


def _named_errors(sheet: Any, errors: Mapping[tuple[int, int], str]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows with errors: the library reads them as empty cells."""
    top, left = sheet.start or (0, 0)
    for row, cells in enumerate(sheet.iter_rows(), start=top):
        yield row + 1, [errors.get((row, column), cell) for column, cell in enumerate(cells, start=left)]


def _check_format(file: Path) -> None:
    with file.open("rb") as content:
        if content.read(2) == BINARY:
            raise Unreadable(
                f"{file} is an old .xls file, or has a password. Save it as .xlsx without a password: an error in "
                "an .xls file looks like an empty cell."
            )
    with zipfile.ZipFile(file) as packed:
        parts = packed.infolist()
    if any(part.filename.endswith("workbook.bin") for part in parts):
        raise Unreadable(f"{file} is an .xlsb file. Save it as .xlsx: an error in it looks like an empty cell.")
    largest = max((part.file_size for part in parts), default=0)
    if largest > UNPACKED_LIMIT:
        raise Unreadable(
            f"{file} has a sheet of {largest >> 20} MB; the limit is {UNPACKED_LIMIT >> 20} MB. Save it as CSV."
        )


def text_of(cell: Any) -> str:
    """The value as text. Numbers that are not exact look like those that a spreadsheet shows, so they are found."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= EXACT:
            return f"{cell:.14E}"
        return str(int(cell)) if cell == int(cell) else repr(float(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.timedelta):
        minutes = int(cell.total_seconds()) // 60
        return f"{minutes // 60:02}:{minutes % 60:02}"
    return str(cell)


def _line(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
