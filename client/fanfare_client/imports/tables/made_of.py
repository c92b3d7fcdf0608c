"""What a spreadsheet made of a value that is known from before: a number, a date, a boolean or a formula of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from .damage import DATE, Damage

_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d+)*|[.,]\d+)(E[+-]?\d{1,3})?", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[\s$€£¥%_]")  # around and within a number
_TIME: Final = re.compile(r"(\d{1,2}:\d{2})(?::00)?(?:[.,]0+)?(?: ?[AP]\.?M\.?)?", re.IGNORECASE)
# 3-4, 1/2, MAR1, 6.5.2024: dates to a spreadsheet
_DATE_LIKE: Final = re.compile(
    r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?|[A-Za-z]{3,9}[- ]?\d{1,4}|\d{1,2}[- ]?[A-Za-z]{3,9}"
)
_SERIAL: Final = re.compile(r"\d{5}")  # of a date: days since 1900
TRUE: Final = frozenset({"true", "wahr", "vrai", "1", "verdadero", "vero", "verdadeiro", "waar", "prawda"})
FALSE: Final = frozenset({"false", "falsch", "faux", "0", "falso", "onwaar", "fałsz"})
DIGITS: Final = 64  # a longer text is no number


def made_of(old: str, new: str) -> Damage | None:
    """The damage if `new` is what a spreadsheet makes of `old`; None if somebody may have written it."""
    if not old or not new or old == new:
        return None
    found = next(((code, what) for code, what, made in MADE if made(old, new)), None)
    return Damage(found[0], f"{new!r} was {old!r}: {found[1]}") if found else None


def _lost_zeros(old: str, new: str) -> bool:
    return old.isdigit() and new.isdigit() and len(new) < len(old) and old.lstrip("0") == new.lstrip("0")


def _number(old: str, new: str) -> bool:
    return bool({*numbers(old)} & {*numbers(new)})


def _boolean(old: str, new: str) -> bool:
    return any({old.lower(), new.lower()} <= words for words in (TRUE, FALSE))


def _date(old: str, new: str) -> bool:
    was, now = _TIME.fullmatch(old), _TIME.fullmatch(new)
    if was and now and was[1].zfill(5) == now[1].zfill(5):
        return True
    return bool(_DATE_LIKE.fullmatch(old) and (DATE.fullmatch(new) or _SERIAL.fullmatch(new)))


def _calculated(old: str, new: str) -> bool:
    return old[0] in "=+-@" and new[0] != old[0]


def _lost_characters(old: str, new: str) -> bool:
    pairs = zip(old, new, strict=False)
    return len(old) == len(new) and all(was == now or (now == "?" and not was.isascii()) for was, now in pairs)


def _lost_breaks(old: str, new: str) -> bool:
    return bool(re.search(r"[\t\r\n\v]", old)) and re.sub(r"\s", "", old) == re.sub(r"\s", "", new)


AS_TEXT: Final = "format the column as text"
MADE: Final = (
    ("lost_zeros", "a spreadsheet removes leading zeros", _lost_zeros),
    ("number", f"a spreadsheet made a number of it; {AS_TEXT}", _number),
    ("boolean", f"a spreadsheet made a boolean of it; {AS_TEXT}", _boolean),
    ("date", f"a spreadsheet made a date or time of it; {AS_TEXT}", _date),
    ("formula", f"a spreadsheet calculated it; {AS_TEXT}", _calculated),
    ("lost_characters", "saved in an encoding that lacks its characters; save as UTF-8", _lost_characters),
    ("lost_breaks", "line breaks or tabs were lost", _lost_breaks),
)


def numbers(text: str) -> Iterator[Decimal]:
    """The numbers that a spreadsheet may read in a text, by its language."""
    plain = _SIGNS.sub("", text)
    if len(plain) > DIGITS or not _NUMBER.fullmatch(plain):
        return
    divisor = 100 if "%" in text else 1
    for thousands, decimals in ((",", "."), (".", ",")):
        try:
            yield Decimal(plain.replace(thousands, "").replace(decimals, ".")) / divisor
        except InvalidOperation:
            continue


def as_number(user_id: str) -> str | None:
    """What a spreadsheet makes of an id of digits, e.g. of 0012 or 1E5."""
    if not re.fullmatch(r"\d+(E\d{1,2})?", user_id, re.IGNORECASE):
        return None
    return str(int(Decimal(user_id)))
