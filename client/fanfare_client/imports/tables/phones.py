"""Phone numbers as people write them.

`phonenumbers` reads letters as keypad digits and cuts at `#` or `x` (extensions), and then finds the rest valid. So
other characters are refused before it is asked.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import import_module
from typing import Any, Final

from ..records import Wrong

_ALLOWED: Final = re.compile(r"(?:\+|00)?[\d\s().\-/\u2010-\u2015\u00a0]+")
_SHORTEST: Final = 7  # digits of a number with its country code


def normalised(written: str, country: str | None = None) -> str:
    """The number in E.164 format. Raises Wrong."""
    text = unicodedata.normalize("NFKC", written).strip()
    if not _ALLOWED.fullmatch(text):
        raise Wrong("invalid_phone", f"{written}: must be one number of digits, spaces and ( ) . - / only")
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return _checked("+" + re.sub(r"\D", "", text.replace("(0)", "")), written)
    if text.startswith("00"):
        return _checked(f"+{digits[2:]}", written)
    if country:
        return _national(text, written, country)
    if not digits.startswith("0") and _is_possible(f"+{digits}"):
        detail = f"{written}: a spreadsheet removed the + or a zero; format the column as text, or pass --country"
        raise Wrong("lost_plus", detail, outcome="damaged")
    raise Wrong("no_country", f"{written}: must begin with + and the country code, or pass --country, e.g. GB")


def _national(text: str, written: str, country: str) -> str:
    library = _library()
    if library is None:
        raise Wrong("no_country", f"{written}: --country needs the package phonenumberslite")
    try:
        number = library.parse(text, country.upper())
    except library.NumberParseException as error:
        raise Wrong("invalid_phone", f"{written}: {error}") from error
    return _checked(library.format_number(number, library.PhoneNumberFormat.E164), written)


def _checked(number: str, written: str) -> str:
    if not _is_possible(number):
        raise Wrong("invalid_phone", f"{written}: no such number in its country's plan")
    return number


def _is_possible(number: str) -> bool:
    library = _library()
    if library is None:  # the API judges
        return _SHORTEST < len(number) <= 16 and number[1] != "0"  # E.164: 15 digits
    try:
        return bool(library.is_possible_number(library.parse(number, None)))
    except library.NumberParseException:
        return False


@cache
def _library() -> Any:
    """The package `phonenumberslite`; None if it is not installed. Imported when there is a number: it is large."""
    try:
        return import_module("phonenumbers")
    except ImportError:
        return None
