"""listmonk: subscribers of its CSV export, of its API (`data.results`), and the blocklist.

`cmd/subscribers.go`, `ExportSubscribers`: uuid, email, name, attributes, status, created_at, updated_at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..people import email_of, id_of, person, time_of
from ..records import Record, as_topic, no, suppression, topic, yes
from .base import Found, Head, Source, head_of, table
from .objects import objects

ENABLED: Final = "enabled"


def row(record: Mapping[str, str]) -> Found:
    data = json.loads(record.get("attributes") or "{}")
    found = subscriber({**record, "attribs": data})
    address = record["email"]
    if record.get("status", ENABLED) != ENABLED:
        return found
    # the export does not have the lists
    return [*found, yes(id_of(address), "email", evidence="listmonk")]


def subscriber(record: Mapping[str, Any]) -> Found:
    address = email_of(record.get("email"))
    user_id = id_of(address)
    found = person(user_id, {"name": record.get("name"), "email": address}, record.get("attribs"))
    if record.get("status", ENABLED) != ENABLED:  # blocklisted, or disabled in older versions
        found.append(suppression("email", address, at=time_of(record.get("updated_at"))))
    for each in record.get("lists") or ():
        found += _answer(user_id, address, each, str(record.get("status", ENABLED)))
    return found


def _answer(user_id: str, address: str, each: Mapping[str, Any], status: str) -> list[Record]:
    name = as_topic(str(each["name"]))
    offered = topic(name, str(each["name"]), ["email"])
    at = {"at": time_of(each.get("subscription_updated_at") or each.get("subscription_created_at"))}
    said = each.get("subscription_status")
    if said == "unsubscribed":
        return [offered, no(user_id, "email", topic=name, address=address, evidence="listmonk", **at)]
    # a double opt-in that is not confirmed is no consent
    if status == ENABLED and (said == "confirmed" or (said == "unconfirmed" and each.get("optin") == "single")):
        return [offered, yes(user_id, "email", topic=name, evidence="listmonk", **at)]
    return [offered]


def _recognised(head: Head) -> bool:
    return head.has("uuid", "email", "name", "attributes", "status") or head.has_keys("attribs", "lists", "email")


LISTMONK: Final = Source(
    "listmonk",
    lambda file, options: (table(row) if _is_table(file) else objects(subscriber, "data.results"))(file, options),
    _recognised,
    notes=("listmonk's CSV has no lists: pass --topic, or export by its API (GET /api/subscribers).",),
)


def _is_table(file: Path) -> bool:
    return bool(head_of(file).columns)
