"""GOV.UK Notify: tables of recipients, and the report of unsubscribe requests. NotifyBC: subscriptions.

Recipients: Notify reads the names of columns without case, spaces, `_` and `-` (notifications-utils, `columns.py`).

The report: `app/main/views/unsubscribe_requests.py` of notifications-admin: Email address, Template name, Uploaded
spreadsheet file name, Template sent at, Unsubscribe request received at.

NotifyBC, the output of `GET /api/subscriptions` or `mongoexport`: serviceName, channel (email or sms), userChannelId,
userId, state (confirmed, unconfirmed, deleted), created, updated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..people import email_of, id_of, person, phone_of, time_of
from ..records import LeftOut, Record, Wrong, as_id, as_topic, no, suppression, topic, yes
from ..tables import phones
from .base import Found, Head, Source, table
from .objects import objects

RECEIVED: Final = "unsubscriberequestreceivedat"
FILTER: Final = "broadcastPushNotificationFilter"
NOT_DATA: Final = ("emailaddress", "phonenumber", "name")


def recipient(record: Mapping[str, str]) -> Found:
    known = {_plain(name): value for name, value in record.items()}
    if RECEIVED in known:
        # the request names a template, and Notify unsubscribes from the service
        return [suppression("email", email_of(known.get("emailaddress")), at=time_of(known[RECEIVED]))]
    email, phone = known.get("emailaddress"), known.get("phonenumber")
    if not email and not phone:
        raise Wrong("missing", "an email address or a phone number is required", column="email address")
    number, left_out = phone_of(phone, "phone number", "GB")
    fields = {"name": known.get("name"), "email": email_of(email) if email else None, "phone": number}
    address = fields["email"] or number
    if not address:
        raise Wrong(left_out[0].code, left_out[0].detail, column="phone number")
    data = {name: value for name, value in record.items() if _plain(name) not in NOT_DATA}
    channels = [channel for field, channel in (("email", "email"), ("phone", "sms")) if fields[field]]
    user_id = id_of(address)
    return [*person(user_id, fields, data), *left_out, *(yes(user_id, channel) for channel in channels)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.lower())


def _is_report(head: Head) -> bool:
    return {RECEIVED, "emailaddress"} <= {_plain(name) for name in head.columns}


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
    if record.get(FILTER):
        detail = "wanted only what matches a filter; Fanfare sends everything of the topic"
        found.append(LeftOut("filter", detail, FILTER, "field"))
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
