"""Amazon Pinpoint: endpoints (JSON lines of an export job, CSV of an import job or a segment) and templates.

https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-endpoints-endpoint-id.html
https://docs.aws.amazon.com/pinpoint/latest/developerguide/audience-data-export.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..people import phone_of
from ..records import (
    LeftOut,
    Record,
    Wrong,
    as_id,
    attributes,
    left_out_attributes,
    suppression,
    user,
    yes,
)
from .base import Found, Head, Source, head_of, table
from .objects import objects

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
CHANNELS: Final = {"email": "email", "phone": "sms", "push": "push"}
PREFIXES: Final = ("User.UserAttributes.", "Attributes.")
NAMES: Final = {"Name", "FirstName", "LastName"}
COLUMNS: Final = {"time_zone": "Demographic.Timezone", "locale": "Demographic.Locale"}


def endpoint(record: Mapping[str, Any]) -> Found:
    """An endpoint as JSON or, with names such as `User.UserId`, as a row."""
    return row(dict(_flat("", record)))


def row(record: Mapping[str, str]) -> Found:
    given = {name: value.strip() for name, value in record.items() if value.strip()}
    kind, platform = _kind(given)
    address = _needed(given, "Address", "an endpoint requires an address")
    refuses = _opted_out(given)
    left_out: list[LeftOut] = []
    if kind == "phone":
        number, left_out = phone_of(address, "Address")
        address = number or address
    user_id = given.get("User.UserId") or given.get("Id", "")
    found: list[Record | LeftOut] = []
    if refuses and kind in ("email", "phone"):
        found.append(suppression(CHANNELS[kind], address))
    if not user_id:
        if not refuses:
            raise Wrong("missing", "User.UserId or Id is required", column="User.UserId")
        detail = "the endpoint has no user; its opt-out is imported as a suppression"
        return [*found, LeftOut("no_user", detail, outcome="skipped")]
    user_id = as_id(user_id) if "User.UserId" not in given else user_id
    if skipped := _skipped(given, kind, refuses):
        return [*found, skipped]
    profile, others = _profile(given)
    value: Any = [{"platform": platform, "token": address}] if platform else address
    addressed = {} if left_out else {kind: value}
    found.append(user(user_id, profile | addressed, at=given.get("EffectiveDate", "")))
    if not refuses:
        found += [yes(user_id, channel) for channel in ([CHANNELS[kind]] if addressed else []) + ["inbox"]]
    return [*found, *left_out, *left_out_attributes(others)]


def _kind(given: Mapping[str, str]) -> tuple[str, str | None]:
    channel_type = _needed(given, "ChannelType", f"must be one of {', '.join(CHANNEL_TYPES)}").upper()
    if channel_type in ELSEWHERE:
        detail = f"Fanfare has no channel for {channel_type}"
        raise Wrong("no_such_channel", detail, column="ChannelType", outcome="skipped")
    if channel_type not in CHANNEL_TYPES:
        raise Wrong("not_allowed", f"must be one of {', '.join(CHANNEL_TYPES)}", column="ChannelType")
    return CHANNEL_TYPES[channel_type]


def _opted_out(given: Mapping[str, str]) -> bool:
    """A word that is not understood is a refusal too."""
    return given.get("OptOut", "NONE").upper() != "NONE"


def _skipped(given: Mapping[str, str], kind: str, refuses: bool) -> LeftOut | None:
    if given.get("EndpointStatus", "ACTIVE").upper() != "ACTIVE":
        return LeftOut("inactive", "inactive in Pinpoint", "EndpointStatus", "skipped")
    if refuses and kind == "push":
        return LeftOut("opted_out", "opted out; devices can't be suppressed, so it is not imported", "", "skipped")
    return None


def _profile(given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, str] = {}
    for prefix in PREFIXES:
        for name, value in given.items():
            inner = name.removeprefix(prefix)
            if inner != name and inner not in NAMES:
                values.setdefault(inner, value)
    kept, others = attributes(values)
    known: dict[str, Any] = {
        "name": _name(given),
        # Pinpoint exports en_US; BCP 47 has en-US
        "locale": given.get("Demographic.Locale", "").replace("_", "-"),
        "time_zone": given.get("Demographic.Timezone", ""),
        "attributes": kept,
    }
    return {name: value for name, value in known.items() if value}, others


def _name(given: Mapping[str, str]) -> str:
    for prefix in PREFIXES:
        parts = [given.get(f"{prefix}{part}", "") for part in ("FirstName", "LastName")]
        name = given.get(f"{prefix}Name") or " ".join(part for part in parts if part)
        if name:
            return name
    return ""


def _needed(given: Mapping[str, str], name: str, detail: str) -> str:
    if name not in given:
        raise Wrong("missing", detail, column=name)
    return given[name]


def _flat(at: str, value: Any) -> Iterator[tuple[str, str]]:
    """Of a list, the first value: Pinpoint's attributes are lists, of one value in most exports."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{at}.{name}" if at else str(name), inner)
    elif isinstance(value, list):
        if value:
            yield from _flat(at, value[0])
    elif value is not None:
        yield at, str(value)


def _recognised(head: Head) -> bool:
    return head.has_keys("ChannelType", "Address") or head.has("ChannelType", "Address")


def _is_table(file: Path) -> bool:
    return bool(head_of(file).columns)


NOTES: Final = ("Pinpoint keeps no time of consent. Of attributes with several values, the first is imported.",)
ENDPOINTS: Final = Source(
    "pinpoint",
    lambda file, options: (table(row) if _is_table(file) else objects(endpoint, "Item"))(file, options),
    _recognised,
    notes=NOTES,
)
