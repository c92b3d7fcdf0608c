"""Amazon Pinpoint endpoints, one per row: JSON lines (format of an export job) or CSV (format of an import job).

https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-endpoints-endpoint-id.html
https://docs.aws.amazon.com/pinpoint/latest/developerguide/audience-data-export.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .rows import LeftOut, Row

# ChannelType → field of the address and, for devices, the platform
CHANNEL_TYPES: Final[dict[str, tuple[str, str | None]]] = {
    "EMAIL": ("email", None),
    "SMS": ("phone", None),
    "APNS": ("push", "apns"),
    "GCM": ("push", "fcm"),
}
# Pinpoint channel types that Fanfare has no channel for
ELSEWHERE: Final = {
    "PUSH", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "ADM", "BAIDU", "VOICE", "CUSTOM", "IN_APP",
}  # fmt: skip
REFUSABLE: Final = {"email": "email", "phone": "sms"}
NAMES: Final = ("User.UserAttributes", "Attributes")
_ATTRIBUTE: Final = re.compile("[a-z][a-z0-9_]{0,63}")
COLUMNS: Final = {
    "id": "User.UserId",
    "email": "Address",
    "phone": "Address",
    "push": "Address",
    "name": "User.UserAttributes",
    "locale": "Demographic.Locale",
    "time_zone": "Demographic.Timezone",
}


def column(pointer: str) -> str:
    """The column of an API field."""
    return COLUMNS.get(pointer.strip("/").partition("/")[0], pointer)


def flat(endpoint: Mapping[str, Any]) -> dict[str, str]:
    """The endpoint with the names of the CSV format, e.g. `User.UserId`; of a list, the first value."""
    return dict(_flat("", endpoint))


def row(record: Mapping[str, str]) -> Row:
    """Raises LeftOut."""
    given = {name: value.strip() for name, value in record.items() if value.strip()}
    kind, platform = _kind(given)
    address = _needed(given, "Address", "an endpoint requires an address")
    refuses = _one_of(given, "OptOut", "NONE", {"ALL", "NONE"}) == "ALL"
    user_id = given.get("User.UserId") or given.get("Id", "")
    if not user_id and not refuses:
        raise LeftOut("missing", "User.UserId or Id is required", column="User.UserId")
    return Row(
        user_id=user_id or f"?{address}",
        profile=_profile(given),
        addresses={kind: {"platform": platform, "token": address} if platform else address},
        refuses=[(REFUSABLE[kind], address)] if refuses and kind in REFUSABLE else (),
        at=given.get("EffectiveDate", ""),
        skip=_passed(given, kind, refuses)
        if user_id
        else ("no_user", "the endpoint has no user; its opt-out is imported as a suppression"),
        left_out=[
            name
            for name in given
            if name.startswith(("Attributes.", "User.UserAttributes.")) and not _names(name) and not _attribute(name)
        ],
    )


def _kind(given: Mapping[str, str]) -> tuple[str, str | None]:
    channel_type = _needed(given, "ChannelType", f"must be one of {', '.join(CHANNEL_TYPES)}").upper()
    if channel_type in ELSEWHERE:
        raise LeftOut(
            "no_such_channel", f"Fanfare has no channel for {channel_type}", column="ChannelType", skipped=True
        )
    if channel_type not in CHANNEL_TYPES:
        raise LeftOut("not_allowed", f"must be one of {', '.join(CHANNEL_TYPES)}", column="ChannelType")
    return CHANNEL_TYPES[channel_type]


def _passed(given: Mapping[str, str], kind: str, refuses: bool) -> tuple[str, str] | None:
    if _one_of(given, "EndpointStatus", "ACTIVE", {"ACTIVE", "INACTIVE"}) == "INACTIVE":
        return "inactive", "inactive in Pinpoint"
    if refuses and kind not in REFUSABLE:
        return "opted_out", "opted out; devices can't be suppressed, so it is not imported"
    return None


def _attribute(name: str) -> str | None:
    """The name of an attribute of Fanfare; None if it can't have this name."""
    for prefix in NAMES:
        found = name.removeprefix(f"{prefix}.")
        if found != name and _ATTRIBUTE.fullmatch(found):
            return found
    return None


def _profile(given: Mapping[str, str]) -> dict[str, Any]:
    attributes = {found: value for name, value in given.items() if (found := _attribute(name))}
    known: dict[str, Any] = {
        "attributes": attributes,
        "name": _name(given),
        # Pinpoint exports en_US; BCP 47 has en-US
        "locale": given.get("Demographic.Locale", "").replace("_", "-"),
        "time_zone": given.get("Demographic.Timezone", ""),
    }
    return {name: value for name, value in known.items() if value}


def _name(given: Mapping[str, str]) -> str:
    for prefix in NAMES:
        parts = [given.get(f"{prefix}.{part}", "") for part in ("FirstName", "LastName")]
        name = given.get(f"{prefix}.Name") or " ".join(part for part in parts if part)
        if name:
            return name
    return ""


def _names(name: str) -> bool:
    return name.rpartition(".")[2] in {"Name", "FirstName", "LastName"}


def _needed(given: Mapping[str, str], name: str, detail: str, *, column: str = "") -> str:
    if name not in given:
        raise LeftOut("missing", detail, column=column or name)
    return given[name]


def _one_of(given: Mapping[str, str], name: str, default: str, allowed: set[str]) -> str:
    value = given.get(name, default).upper()
    if value not in allowed:
        raise LeftOut("not_allowed", f"must be {' or '.join(sorted(allowed))}", column=name)
    return value


def _flat(at: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{at}.{name}" if at else str(name), inner)
    elif isinstance(value, list):
        if value:
            yield from _flat(at, value[0])
    elif value is not None:
        yield at, str(value)
