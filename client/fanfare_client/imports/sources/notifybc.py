"""NotifyBC: subscriptions, as `GET /api/subscriptions` or `mongoexport` writes them.

Model: serviceName, channel (email or sms), userChannelId, userId, state (confirmed, unconfirmed, deleted), created,
updated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..people import email_of, id_of, person, time_of
from ..records import Record, Wrong, as_id, as_topic, no, topic, yes
from ..tables import phones
from .base import Found, Head, Source
from .objects import objects


def convert(record: Mapping[str, Any]) -> Found:
    channel = record.get("channel", "email")
    if channel not in ("email", "sms"):
        raise Wrong("no_such_channel", f"Fanfare imports no {channel} of NotifyBC", column="channel", outcome="skipped")
    written = str(record.get("userChannelId") or "")
    address = email_of(written) if channel == "email" else phones.normalised(written, "CA")
    user_id = as_id(str(record["userId"])) if record.get("userId") else id_of(address)
    name = str(record["serviceName"])
    found = person(user_id, {"email" if channel == "email" else "phone": address}, record.get("data"))
    return [*found, topic(as_topic(name), name, ["email", "sms"]), *_answer(record, user_id, channel, address)]


def _answer(record: Mapping[str, Any], user_id: str, channel: str, address: str) -> list[Record]:
    name = as_topic(str(record["serviceName"]))
    at = time_of(_date(record.get("updated") or record.get("created")))
    state = record.get("state")
    if state == "deleted":
        return [no(user_id, channel, topic=name, address=address, at=at, evidence="NotifyBC")]
    # an unconfirmed subscription is no consent
    return [yes(user_id, channel, topic=name, at=at, evidence="NotifyBC")] if state == "confirmed" else []


def _date(value: Any) -> Any:
    """A date, also as mongoexport writes it."""
    return value.get("$date") if isinstance(value, Mapping) else value


def _recognised(head: Head) -> bool:
    return head.has_keys("serviceName", "userChannelId", "state")


NOTIFYBC: Final = Source("notifybc", objects(convert, "items"), _recognised)
