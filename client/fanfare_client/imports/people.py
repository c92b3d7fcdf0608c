"""What several sources share: addresses, names, times, and answers to their one list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from .records import LeftOut, Record, Wrong, as_id, attributes, left_out_attributes, user
from .tables import phones

_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
SECONDS: Final = 10**11  # a larger number is milliseconds


def email_of(text: Any) -> str:
    """Raises Wrong."""
    written = str(text or "").strip()
    if not _EMAIL.fullmatch(written):
        raise Wrong("invalid_email", f"{written or 'empty'}: not an e-mail address", column="email")
    return written


def id_of(address: str) -> str:
    """The id of a user whose source knows no id: the address."""
    return as_id(address.lower())


def time_of(value: Any) -> str | None:
    """A time as RFC 3339 in UTC, of epoch seconds or text; without an offset it is UTC. None for anything else."""
    try:
        if isinstance(value, int | float) or re.fullmatch(r"\d{9,13}", str(value)):
            seconds = float(value)
            found = datetime.fromtimestamp(seconds / 1_000 if seconds > SECONDS else seconds, UTC)
        else:
            found = parsedate_to_datetime(value) if "," in str(value) else datetime.fromisoformat(_iso(str(value)))
    except (ValueError, OverflowError, OSError):
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _iso(text: str) -> str:
    """The text without what Go and Ruby add: nanoseconds, `+0000 UTC`."""
    found = re.fullmatch(r"(\S+)[ T](\d{2}:\d{2}(?::\d{2})?)(\.\d+)? ?(Z|UTC|[+-]\d{2}:?\d{2})?(?: \S+)?", text.strip())
    if not found:
        return text.strip()
    fraction = (found[3] or "")[:7].ljust(7, "0") if found[3] else ""
    zone = {"Z": "+00:00", "UTC": "+00:00"}.get(found[4] or "", found[4] or "")
    return f"{found[1]}T{found[2]}{fraction}{zone}"


def person(user_id: str, fields: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> list[Record | LeftOut]:
    """A user with what is given, and what of `data` is no attribute."""
    kept, others = attributes(data or {})
    given = {name: value for name, value in {**fields, "attributes": kept}.items() if value not in (None, "", {}, [])}
    return [user(user_id, given), *left_out_attributes(others)]


def own_id(record: Mapping[str, Any], *names: str) -> str:
    """The id that the source has for a user, by the first of these names that is given. Raises Wrong."""
    for name in names:
        if record.get(name) not in (None, ""):
            return as_id(str(record[name]))
    raise Wrong("missing", f"{' or '.join(names)} is required", column=names[0])


def phone_of(written: Any, column: str, country: str | None = None) -> tuple[str | None, list[LeftOut]]:
    """The number, or why it is left out."""
    if not written:
        return None, []
    try:
        return phones.normalised(str(written), country), []
    except Wrong as wrong:
        return None, [LeftOut(wrong.left_out.code, wrong.left_out.detail, column, "field")]


def full_name(*parts: Any) -> str:
    return " ".join(str(part).strip() for part in parts if part)


def locale_of(text: Any) -> str | None:
    return str(text).replace("_", "-") if text else None


def first(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first value that is given, by names in any case."""
    lower = {name.lower().strip(): value for name, value in record.items()}
    return next((lower[name] for name in names if lower.get(name) not in (None, "")), None)
