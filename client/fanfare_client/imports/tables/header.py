"""Which column is which field of a user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ..records import Unreadable, attribute_name

PROFILE: Final = ("name", "locale", "time_zone")
FIELDS: Final = (
    "id", *PROFILE, "first_name", "last_name", "email", "phone", "webhook", "quiet_start", "quiet_end", "opt_out",
)  # fmt: skip
ATTRIBUTE: Final = "attributes."  # and the name
# Other names of the fields, without case, spaces and punctuation
ALIASES: Final = {
    "userid": "id",
    "emailaddress": "email",
    "mail": "email",
    "phonenumber": "phone",
    "mobile": "phone",
    "mobilenumber": "phone",
    "fullname": "name",
    "language": "locale",
    "lang": "locale",
    "tz": "time_zone",
    "optedout": "opt_out",
    "unsubscribed": "opt_out",
    "optout": "opt_out",
}
_PLAIN: Final = {re.sub("[^a-z]", "", field): field for field in FIELDS} | ALIASES


def fields_of(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, list[str]]:
    """Column → fields; `columns`: of --column. Raises Unreadable."""
    names = [name.strip() for name in header if name.strip()]
    missing = [name for name in columns if name not in names]
    if missing:
        raise Unreadable(f"--column {missing[0]}=…: no such column. The columns are {', '.join(names)}.")
    found = {name: _fields(name, columns.get(name)) for name in names}
    if strange := [name for name, fields in found.items() if fields is None]:
        raise Unreadable(
            f"Unknown columns: {', '.join(strange)}. Known fields: {', '.join(FIELDS)}, attributes.NAME. Name it "
            f'with --column "{strange[0]}=attributes.{attribute_name(strange[0]) or "name"}", or leave the column out '
            f'with --column "{strange[0]}=".'
        )
    known = {name: fields for name, fields in found.items() if fields}
    fields = [field for several in known.values() for field in several]
    if twice := sorted({field for field in fields if fields.count(field) > 1}):
        raise Unreadable(f"Two columns are the field {twice[0]}. Leave one out with --column COLUMN=.")
    if "id" not in fields:
        raise Unreadable(
            'No column is the user\'s id. Name it with --column "COLUMN=id". To use the address, which then appears in '
            'logs and events: --column "COLUMN=email,id".'
        )
    return known


def _fields(name: str, told: str | None) -> list[str] | None:
    """The fields of a column; None if it is unknown."""
    if told is not None:
        fields = [field.strip() for field in told.split(",") if field.strip()]
        if strange := [field for field in fields if field not in FIELDS and not _is_attribute(field)]:
            raise Unreadable(f"--column {name}={told}: {strange[0]} is no field. Fields: {', '.join(FIELDS)}.")
        return fields
    if _is_attribute(name):
        return [name]
    field = _PLAIN.get(re.sub("[^a-z]", "", name.lower()))
    return [field] if field else None


def _is_attribute(name: str) -> bool:
    return name.startswith(ATTRIBUTE) and attribute_name(name.removeprefix(ATTRIBUTE)) == name.removeprefix(ATTRIBUTE)
