"""Amazon SES: contact lists (`aws sesv2 list-contacts`, or an export job) and the account's suppression list.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Contact.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..people import email_of, id_of, person, time_of
from ..records import Record, Wrong, as_topic, no, suppression, topic, yes
from .base import Found, Head, Source
from .objects import objects

CAUSES: Final = {"BOUNCE": "bounce", "COMPLAINT": "complaint"}
LISTS: Final = ("Contacts", "SuppressedDestinationSummaries")


def convert(record: Mapping[str, Any]) -> Found:
    if "Reason" in record:
        return suppressed(record)
    if "EmailAddress" in record:
        return contact(record)
    raise Wrong("unexpected", "neither a contact nor a suppressed destination of SES")


def suppressed(record: Mapping[str, Any]) -> Found:
    cause = CAUSES.get(str(record["Reason"]).upper(), "manual")
    at = time_of(record.get("LastUpdateTime"))
    return [suppression("email", email_of(record["EmailAddress"]), cause=cause, at=at)]


def contact(record: Mapping[str, Any]) -> Found:
    address = email_of(record["EmailAddress"])
    user_id = id_of(address)
    found = person(user_id, {"email": address}, _data(record.get("AttributesData")))
    at = {"at": time_of(record.get("LastUpdatedTimestamp")), "evidence": "SES contact list"}
    if record.get("UnsubscribeAll"):
        found.append(suppression("email", address, at=at["at"]))
    chosen = {each["TopicName"]: each["SubscriptionStatus"] for each in record.get("TopicPreferences") or ()}
    defaults = {each["TopicName"]: each["SubscriptionStatus"] for each in record.get("TopicDefaultPreferences") or ()}
    for name, said in {**defaults, **chosen}.items():
        found += _answer(user_id, address, name, said, at, unsubscribed=bool(record.get("UnsubscribeAll")))
    return found


def _answer(
    user_id: str, address: str, name: str, said: str, at: Mapping[str, Any], *, unsubscribed: bool
) -> list[Record]:
    named = as_topic(name)
    if said != "OPT_IN":
        return [topic(named, name, ["email"]), no(user_id, "email", topic=named, address=address, **at)]
    return [topic(named, name, ["email"])] + ([] if unsubscribed else [yes(user_id, "email", topic=named, **at)])


def _data(text: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {"attributes_data": text}
    return found if isinstance(found, Mapping) else {"attributes_data": str(text)}


def _recognised(head: Head) -> bool:
    contacts = head.has_keys("EmailAddress") and (head.has_keys("TopicPreferences") or head.has_keys("UnsubscribeAll"))
    return (
        contacts
        or head.has_keys("EmailAddress", "Reason", "LastUpdateTime")
        or any(f'"{name}"' in head.text for name in LISTS)
    )


SES: Final = Source(
    "ses",
    objects(convert, *LISTS),
    _recognised,
    notes=("SES keeps when a contact changed, not when it consented. A topic's default counts as an answer.",),
)
