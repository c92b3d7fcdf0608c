"""Cells that show an error, e.g. #N/A: python-calamine reads them as empty ones, so the file's own XML is read.

In a column of refusals, an error that is read as "empty" would be a yes.
Formats: Office Open XML (ECMA-376 part 1, 18.3.1.4 and part 2, 9) and OpenDocument (1.3 part 3, 9.1).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

Place = tuple[int, int]  # row, column, from 0
UNKNOWN: Final = "#ERROR!"
REPEATS_LIMIT: Final = 1_000  # columns: more is the rest of a row
_CELL: Final = re.compile(r"([A-Z]{1,3})(\d+)")


def cell_errors(file: Path, sheet: str) -> dict[Place, str]:
    """(Row, column) → error, of the cells of a sheet."""
    with zipfile.ZipFile(file) as packed:
        names = frozenset(packed.namelist())
        if "content.xml" in names:
            return dict(_of_document(packed, sheet))
        part = _part_of(packed, sheet, names)
        return dict(_of_part(packed, part)) if part in names else {}


# Office Open XML


def _part_of(packed: zipfile.ZipFile, sheet: str, names: frozenset[str]) -> str:
    """The name of a sheet's part: sheets may be in another order than their parts, which have any names."""
    book = next((path for kind, path in _related(packed, "", names).values() if kind == "officeDocument"), "")
    if book not in names:
        return ""
    related = _related(packed, book, names)
    for element in ElementTree.fromstring(packed.read(book)).iter():  # noqa: S314  # of the user; expat bounds entities
        if _tag(element) == "sheet" and element.get("name") == sheet:
            (number,) = (value for name, value in element.items() if name.endswith("}id"))
            return related[number][1]
    return ""


def _related(packed: zipfile.ZipFile, part: str, names: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Id → (kind, path) of the parts that a part refers to."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations not in names:
        return {}
    return {
        element.get("Id", ""): (
            posixpath.basename(element.get("Type", "")),
            posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/"),
        )
        for element in ElementTree.fromstring(packed.read(relations))  # noqa: S314
    }


def _of_part(packed: zipfile.ZipFile, part: str) -> Iterator[tuple[Place, str]]:
    """A row or a cell that does not say where it is follows the one before."""
    row = 0
    with packed.open(part) as content:
        for _, element in ElementTree.iterparse(content):  # noqa: S314
            if _tag(element) != "row":
                continue
            row, column = int(element.get("r", row + 1)), 0
            for cell in element:
                place = _CELL.fullmatch(cell.get("r", ""))
                column = _number(place[1]) if place else column + 1
                if cell.get("t") == "e":
                    said = next((each.text for each in cell if _tag(each) == "v"), None)
                    yield (row - 1, column - 1), said or UNKNOWN
            element.clear()


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


# OpenDocument


def _of_document(packed: zipfile.ZipFile, sheet: str) -> Iterator[tuple[Place, str]]:
    row, within = 0, False
    with packed.open("content.xml") as content:
        for event, element in ElementTree.iterparse(content, events=("start", "end")):  # noqa: S314
            tag = _tag(element)
            if tag == "table" and event == "start":
                row, within = 0, _attribute(element, "name") == sheet
            elif tag == "table-row" and event == "end":
                if within:
                    yield from (((row, column), said) for column, said in _of_row(element))
                row += int(_attribute(element, "number-rows-repeated") or 1)
                element.clear()


def _of_row(row: ElementTree.Element) -> Iterator[tuple[int, str]]:
    column = 0
    for cell in row:
        repeated = int(_attribute(cell, "number-columns-repeated") or 1)
        shown = "".join(text for each in cell if _tag(each) == "p" for text in each.itertext())
        # LibreOffice marks errors by a type of its own; others write what is shown next to an empty value
        marked = any(name.endswith("}value-type") and value == "error" for name, value in cell.items())
        empty = _attribute(cell, "formula") and _attribute(cell, "string-value") == "" and shown
        if marked or empty:
            yield from ((column + place, shown or UNKNOWN) for place in range(min(repeated, REPEATS_LIMIT)))
        column += repeated


def _attribute(element: ElementTree.Element, name: str) -> str | None:
    return next((value for key, value in element.items() if key.endswith(f"}}{name}")), None)


def _tag(element: Any) -> str:
    """Without the namespace: the strict form of the format has others."""
    return str(element.tag).rpartition("}")[2]
