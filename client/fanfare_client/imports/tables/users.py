"""A row of a table as a user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..records import CHANNEL_OF, SUPPRESSIBLE, LeftOut, Read, Record, Wrong, no, suppression, user, yes
from . import delimited, phones, sheets
from .damage import Facts, damage_of, facts_of, tidied
from .delimited import TableRow
from .header import ATTRIBUTE, fields_of
from .options import TableOptions
from .words import refused

_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::00)?(?: ?([AaPp])\.?[Mm]\.?)?")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@|+=~-]{0,127}", re.ASCII)
HALF_A_DAY: Final = 12


def table_rows(file: Path, options: TableOptions) -> Iterator[TableRow]:
    """The rows of a table of any kind. Raises Unreadable."""
    with file.open("rb") as content:
        start = content.read(4)
    yield from sheets.rows(file) if sheets.is_sheet(file, start) else delimited.rows(file, options)


def header_of(file: Path, options: TableOptions) -> list[str]:
    with file.open("rb") as content:
        start = content.read(4)
    return sheets.header_of(file) if sheets.is_sheet(file, start) else delimited.header_of(file, options)


def rows(file: Path, options: TableOptions) -> Iterator[Read]:
    """The users of a table. It is read twice: what is damaged shows among the other values. Raises Unreadable."""
    fields = fields_of(header_of(file, options), options.columns)
    facts = facts_of(row.values for row in table_rows(file, options) if isinstance(row.values, dict))
    for row in table_rows(file, options):
        if isinstance(row.values, LeftOut):
            yield Read(row.place, row.text, [row.values])
        else:
            yield Read(row.place, row.text, _Row(fields, facts, options.country, row.values).found())


@dataclass(frozen=True)
class _Value:
    column: str
    text: str


class _Row:
    """One row. What is wrong is left out by field; the row is left out if its id is wrong."""

    def __init__(
        self, fields: Mapping[str, list[str]], facts: Facts, country: str | None, values: Mapping[str, str]
    ) -> None:
        self._facts = facts
        self._country = country
        self._given: dict[str, _Value] = {}
        self._left: list[LeftOut] = []
        for column, names in fields.items():
            text = tidied(values.get(column, ""))
            if text:
                self._given |= {name: _Value(column, text) for name in names}

    def found(self) -> list[Record | LeftOut]:
        user_id = self._id()
        fields = self._fields()
        opted = self._given.get("opt_out")
        refuses = refused(opted.text)[0] if opted else []
        found: list[Record | LeftOut] = []
        reached = [name for name in CHANNEL_OF if name in fields]
        for name in refuses:
            if name in fields:
                found.append(suppression(SUPPRESSIBLE[name], fields[name]))
        if user_id:
            found.append(user(user_id, fields))
            if refuses and not any(name in fields for name in refuses):
                found.append(no(user_id, SUPPRESSIBLE[refuses[0]]))
            found += [yes(user_id, CHANNEL_OF[name]) for name in reached if name not in refuses]
            if not refuses or any(name not in refuses for name in reached):
                found.append(yes(user_id, "inbox"))
        return found + self._left

    def _id(self) -> str | None:
        given = self._given.pop("id", None)
        if given is None:
            self._left.append(LeftOut("missing", "the user's id is required", "id"))
            return None
        try:
            self._check("id", given)
            if not _ID.fullmatch(given.text):
                detail = f"{given.text}: 1 to 128 characters of A-Z a-z 0-9 . _ : @ | + = ~ -"
                raise Wrong("invalid_id", detail, column=given.column)
        except Wrong as wrong:
            self._left.append(wrong.left_out)
            return None
        return given.text

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, value in self._given.items():
            if name == "opt_out" or name.startswith("quiet_"):
                continue
            try:
                self._check(name, value)
                self._put(fields, name, value)
            except Wrong as wrong:
                left = wrong.left_out
                self._left.append(LeftOut(left.code, left.detail, value.column, "field"))
        self._quiet_hours(fields)
        names = [fields.pop(name) for name in ("first_name", "last_name") if name in fields]
        if names:
            fields.setdefault("name", " ".join(names))
        return fields

    def _put(self, fields: dict[str, Any], name: str, value: _Value) -> None:
        if name.startswith(ATTRIBUTE):
            fields.setdefault("attributes", {})[name.removeprefix(ATTRIBUTE)] = value.text
        elif name == "phone":
            fields["phone"] = phones.normalised(value.text, self._country)
        elif name == "email" and not _EMAIL.fullmatch(value.text):
            raise Wrong("invalid_email", f"{value.text}: not an e-mail address")
        elif name == "webhook":
            fields["webhook"] = {"url": value.text}
        elif name == "locale":
            fields["locale"] = value.text.replace("_", "-")
        else:
            fields[name] = value.text

    def _quiet_hours(self, fields: dict[str, Any]) -> None:
        given = {end: self._given[f"quiet_{end}"] for end in ("start", "end") if f"quiet_{end}" in self._given}
        if not given:
            return
        times = {end: time_of(value.text) for end, value in given.items()}
        wrong = [end for end in ("start", "end") if times.get(end) is None]
        if wrong:
            missing = wrong[0] not in given
            detail = "quiet hours need a start and an end" if missing else f"{given[wrong[0]].text}: must be e.g. 22:00"
            self._left.append(LeftOut("missing" if missing else "invalid_hour", detail, f"quiet_{wrong[0]}", "field"))
        else:
            fields["quiet_hours"] = times

    def _check(self, name: str, value: _Value) -> None:
        """Raises Wrong if the value is damaged."""
        damage = damage_of(name, value.text) or self._facts.damage_of(value.column, name, value.text)
        if damage:
            raise Wrong(damage.code, damage.detail, column=value.column, outcome="damaged")


def time_of(text: str) -> str | None:
    """A time of day as HH:MM, also as spreadsheets write it."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, half = int(found[1]), (found[3] or "").lower()
    if half:
        hour = hour % HALF_A_DAY + (HALF_A_DAY if half == "p" else 0)
    return f"{hour:02}:{found[2]}" if hour < 24 and int(found[2]) < 60 else None
