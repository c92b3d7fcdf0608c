"""CSV: one user per row, one column per field, and one for each attribute. Only `id` is required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .rows import LeftOut, Row

PROFILE: Final = ("name", "locale", "time_zone")
ADDRESSES: Final = ("email", "phone", "webhook")
KNOWN: Final = ("id", *PROFILE, *ADDRESSES, "quiet_start", "quiet_end", "opt_out")
REFUSABLE: Final = {"email": "email", "sms": "phone"}  # channel → column
ATTRIBUTE: Final = "attributes."  # and the name


def column(pointer: str) -> str:
    """The column of an API field."""
    first, _, rest = pointer.strip("/").partition("/")
    if first == "attributes" and rest:
        return ATTRIBUTE + rest
    return {"quiet_hours": f"quiet_{rest or 'start'}"}.get(first, first)


def unknown(header: Sequence[str]) -> list[str]:
    return [name for name in header if name not in KNOWN and not name.startswith(ATTRIBUTE)]


def row(record: Mapping[str, str]) -> Row:
    """Raises LeftOut."""
    given = {name: value.strip() for name, value in record.items() if value.strip()}
    if "id" not in given:
        raise LeftOut("missing", "the user's id is required", column="id")
    return Row(
        user_id=given["id"],
        profile={name: given[name] for name in PROFILE if name in given} | _quiet_hours(given) | _attributes(given),
        addresses={name: _address(name, given[name]) for name in ADDRESSES if name in given},
        refuses=[(channel, given[REFUSABLE[channel]]) for channel in _refused(given)],
        whole=True,
    )


def _quiet_hours(given: Mapping[str, str]) -> dict[str, Any]:
    hours = {"start": given.get("quiet_start"), "end": given.get("quiet_end")}
    if not any(hours.values()):
        return {}
    for end, value in hours.items():
        if value is None:
            raise LeftOut("missing", "quiet hours require a start and an end", column=f"quiet_{end}")
    return {"quiet_hours": hours}


def _attributes(given: Mapping[str, str]) -> dict[str, Any]:
    found = {name.removeprefix(ATTRIBUTE): value for name, value in given.items() if name.startswith(ATTRIBUTE)}
    return {"attributes": found} if found else {}


def _address(name: str, value: str) -> Any:
    return {"url": value} if name == "webhook" else value


def _refused(given: Mapping[str, str]) -> list[str]:
    """The channels of `opt_out` (`email`, `sms`, both separated by a space, or `all`) that have an address."""
    words = given.get("opt_out", "").lower().replace(";", " ").split()
    strange = [word for word in words if word not in REFUSABLE and word != "all"]
    if strange:
        detail = f"{strange[0]}: must be one of {', '.join(REFUSABLE)}, all"
        raise LeftOut("not_allowed", detail, column="opt_out")
    refused = list(REFUSABLE) if "all" in words else words
    return [channel for channel in refused if REFUSABLE[channel] in given]
