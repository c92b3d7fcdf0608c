"""GOV.UK Notify: tables of recipients, and the report of unsubscribe requests. NotifyBC: subscriptions.

The report: `app/main/views/unsubscribe_requests.py` of notifications-admin: Email address, Template name, Uploaded
spreadsheet file name, Template sent at, Unsubscribe request received at.

NotifyBC, the output of `GET /api/subscriptions` or `mongoexport`: serviceName, channel (email or sms), userChannelId,
userId, state (confirmed, unconfirmed, deleted), created, updated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..people import email_of, first, id_of, person, time_of
from ..records import Record, Wrong, as_id, as_topic, no, suppression, topic, yes
from ..tables import phones
from .base import Found, Head, Source, table
from .objects import objects

RECEIVED: Final = "unsubscribe request received at"
NOT_DATA: Final = ("email address", "phone number", "name")


def recipient(record: Mapping[str, str]) -> Found:
    columns = {name.lower().strip() for name in record}
    if RECEIVED in columns:
        # the request names a template, and Notify unsubscribes from the service
        at = time_of(first(record, [RECEIVED]))
        return [suppression("email", email_of(first(record, ["email address"])), at=at)]
    email, phone = first(record, ["email address"]), first(record, ["phone number"])
    if not email and not phone:
        raise Wrong("missing", "an email address or a phone number is required", column="email address")
    fields = {"name": first(record, ["name"])}
    if email:
        fields["email"] = email_of(email)
    if phone:
        fields["phone"] = phones.normalised(phone, "GB")
    user_id = id_of(fields.get("email") or fields["phone"])
    data = {name: value for name, value in record.items() if name.lower().strip() not in NOT_DATA}
    channels = [channel for field, channel in (("email", "email"), ("phone", "sms")) if fields.get(field)]
    return [*person(user_id, fields, data), *(yes(user_id, channel) for channel in channels)]


def _is_report(head: Head) -> bool:
    columns = {name.lower() for name in head.columns}
    return RECEIVED in columns and "email address" in columns


GOVUK_NOTIFY: Final = Source(
    "govuk-notify",
    table(recipient),
    _is_report,
    notes=("Notify keeps no consents. Recipients are recognised with --from govuk-notify only.",),
)


def subscription(record: Mapping[str, Any]) -> Found:
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


def _is_subscription(head: Head) -> bool:
    return head.has_keys("serviceName", "userChannelId", "state")


NOTIFYBC: Final = Source("notifybc", objects(subscription, "items"), _is_subscription)
