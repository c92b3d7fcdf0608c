"""OneSignal: the CSV export of subscriptions (`POST /players/csv_export`), a device or address per row.

https://documentation.onesignal.com/reference/csv-export
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..people import locale_of, phone_of
from ..records import LeftOut, Record, Wrong, as_id, attributes, left_out_attributes, suppression, user, yes
from .base import Found, Source, table

# device_type → channel and field
KINDS: Final = {"0": ("push", "apns"), "1": ("push", "fcm"), "11": ("email", ""), "14": ("sms", "")}
FIELDS: Final = {"email": "email", "sms": "phone", "push": "push"}


def row(record: Mapping[str, str]) -> Found:
    kind = record.get("device_type", "")
    if kind not in KINDS:
        raise Wrong("no_such_channel", f"no channel for device type {kind}", column="device_type", outcome="skipped")
    channel, platform = KINDS[kind]
    address = record.get("identifier", "")
    if not address:
        raise Wrong("missing", "the subscription has no address", column="identifier")
    refused = _refused(record)
    user_id = as_id(record.get("external_user_id") or record.get("id") or "")
    if not user_id:
        raise Wrong("missing", "external_user_id or id is required", column="external_user_id")
    if record.get("invalid_identifier", "").lower() in ("t", "true", "1"):
        return [LeftOut("invalid_identifier", "OneSignal found the address invalid", "invalid_identifier", "skipped")]
    if channel == "push" and refused:
        return [LeftOut("opted_out", "opted out; devices can't be suppressed, so it is not imported", "", "skipped")]
    left_out: list[LeftOut] = []
    if channel == "sms":
        number, left_out = phone_of(address, "identifier")
        address = number or address
    kept, others = attributes(_tags(record.get("tags", "")))
    value: Any = [{"platform": platform, "token": address}] if platform else address
    known = {"locale": locale_of(record.get("language")), "time_zone": record.get("timezone_id"), "attributes": kept}
    fields = ({} if left_out else {FIELDS[channel]: value}) | {name: said for name, said in known.items() if said}
    found: list[Record | LeftOut] = [user(user_id, fields, at=record.get("last_active", "")), *left_out]
    if refused:
        found.append(suppression(channel, address))
    elif not left_out and record.get("notification_types") != "0":  # never asked, or not answered
        found.append(yes(user_id, channel))
    return [*found, *left_out_attributes(others)]


def _refused(record: Mapping[str, str]) -> bool:
    """`notification_types` below zero is a refusal; above, or empty, a subscription; zero is none of both."""
    return record.get("notification_types", "").startswith("-")


def _tags(text: str) -> Mapping[str, Any]:
    """Tags as JSON, or as Ruby writes a hash."""
    for written in (text, text.replace("=>", ": ")):
        try:
            found = json.loads(written or "{}")
        except ValueError:
            continue
        return found if isinstance(found, Mapping) else {}
    return {"tags": text}


ONESIGNAL: Final = Source(
    "onesignal",
    table(row),
    lambda head: head.has("identifier", "device_type"),
    notes=("Refusals are in the column notification_types: name it in extra_fields. No times of consent are kept.",),
)
