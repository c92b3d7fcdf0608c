"""What spreadsheets and wrong encodings do to values. Such a value is named, and never stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

# Errors of Excel and LibreOffice in any language: #NAME?, #WERT!, #DIV/0!, #N/A, Err:508
_ERROR: Final = re.compile(r"#[^\W\d_][\w/]{1,12}[!?]|#N/[AV]|#NV|#DIV/0!|Err:5\d\d|#+")
# 4.47E+11, 4,47E+11
_SCIENTIFIC: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?E[+-]\d{1,3}")
_MONTHS: Final = (
    "jan|feb|mar|m\u00e4r|mrz|apr|avr|may|mai|jun|juin|jul|juil|aug|ao\u00fb|sep|oct|okt|nov|dec|dez|d\u00e9c"
)
DATE: Final = re.compile(
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}日|"
    rf"\d{{1,2}}\.? ?[-. ]?(?:{_MONTHS})[a-zé\u00fb]*\.?(?:[-. ]\d{{2,4}})?|(?:{_MONTHS})[a-zé\u00fb]*\.?[- ]\d{{2,4}})"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?",
    re.IGNORECASE,
)
_LOST: Final = re.compile(r"\ufffd|^[?\s]*\?\?[?\s]*$|\w\?\?+\w?|\?\?+\w")
_LOST_LETTER: Final = re.compile(r"[^\W\d_]\?[^\W\d_]")
EXACT_DIGITS: Final = 15
# Fields in which a date is never meant
NO_DATES: Final = ("id", "email", "phone", "locale", "time_zone", "webhook", "name", "first_name", "last_name")


@dataclass(frozen=True)
class Damage:
    code: str
    detail: str


def damage_of(field: str, value: str) -> Damage | None:
    """The damage that a value shows alone."""
    if _ERROR.fullmatch(value):
        return Damage("spreadsheet_error", f"{value} is an error of a spreadsheet, not a value")
    if _SCIENTIFIC.fullmatch(value):
        return Damage("scientific", f"{value}: a spreadsheet rounded a number; format the column as text")
    if "://" not in value and (_LOST.search(value) or (field in NO_DATES and _LOST_LETTER.search(value))):
        return Damage("lost_characters", f"{value}: saved in an encoding that lacks its characters; save as UTF-8")
    if _is_misread(value):
        return Damage("misread_encoding", f"{value}: UTF-8 that was read as another encoding")
    if field in NO_DATES and DATE.fullmatch(value):
        return Damage("date", f"{value}: a spreadsheet made a date of it; format the column as text")
    return None


def _is_misread(value: str) -> bool:
    """Whether it is UTF-8 that was decoded as Windows-1252 or Latin-1, e.g. M\u00c3\u00bcller."""
    if value.isascii():
        return False
    for encoding in ("cp1252", "latin-1"):
        try:
            return len(value.encode(encoding).decode("utf-8")) < len(value)
        except UnicodeError:
            continue
    return False


@dataclass(frozen=True)
class Facts:
    """What is known of whole columns. `widths`: of numbers with leading zeros, in columns of such ids.

    `rounded`: columns in which all numbers of more than 15 digits end with zeros. `undated`: columns in which only few
    values look like dates.
    """

    widths: Mapping[str, int]
    rounded: frozenset[str]
    undated: frozenset[str]

    def damage_of(self, column: str, field: str, value: str) -> Damage | None:
        """The damage that a value shows among the others of its column."""
        if value.isdigit() and value.isascii():
            width = self.widths.get(column)
            if width and len(value) < width and field == "id":
                return Damage("lost_zeros", f"{value}: the others have {width} digits; a spreadsheet removes zeros")
            if column in self.rounded and len(value) > EXACT_DIGITS:
                return Damage("rounded", f"{value}: a spreadsheet keeps {EXACT_DIGITS} digits; format as text")
        if column in self.undated and DATE.fullmatch(value):
            return Damage("date", f"{value}: a spreadsheet made a date of it; format the column as text")
        return None


def facts_of(rows: Iterable[Mapping[str, str]]) -> Facts:
    """Looks at all values once."""
    seen: dict[str, _Column] = {}
    for row in rows:
        for column, value in row.items():
            if value and len(value) <= 64:  # of longer ones, none is a number or date
                seen.setdefault(column, _Column()).see(value.strip())
    return Facts(
        widths={name: each.width for name, each in seen.items() if each.zeros and each.widths_of_zeros == {each.width}},
        rounded=frozenset(name for name, each in seen.items() if each.long and each.long == each.rounded),
        undated=frozenset(name for name, each in seen.items() if 0 < each.dates * 2 < each.values),
    )


class _Column:
    def __init__(self) -> None:
        self.values = self.dates = self.zeros = self.long = self.rounded = self.width = 0
        self.widths_of_zeros: set[int] = set()

    def see(self, value: str) -> None:
        self.values += 1
        if value.isdigit() and value.isascii():
            self.width = max(self.width, len(value))
            if value[0] == "0" and len(value) > 1:
                self.zeros += 1
                self.widths_of_zeros.add(len(value))
            if len(value) > EXACT_DIGITS:
                self.long += 1
                self.rounded += not value[EXACT_DIGITS:].strip("0")
        elif DATE.fullmatch(value):
            self.dates += 1


def tidied(value: str) -> str:
    """Without spaces around, invisible marks, and the apostrophe that marks text in a spreadsheet."""
    value = "".join(each for each in value if unicodedata.category(each) != "Cf").strip()
    return value[1:] if len(value) > 1 and value[0] == "'" and (value[1].isdigit() or value[1] in "+=-@") else value
