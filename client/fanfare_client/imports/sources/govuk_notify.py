"""GOV.UK Notify: tables of recipients, and the report of unsubscribe requests.

`app/main/views/unsubscribe_requests.py` of notifications-admin: Email address, Template name, Uploaded spreadsheet file
name, Template sent at, Unsubscribe request received at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..people import email_of, first, id_of, person, time_of
from ..records import Wrong, suppression, yes
from ..tables import phones
from .base import Found, Head, Source, table

RECEIVED: Final = "unsubscribe request received at"
OWN: Final = ("email address", "phone number", "name")


def row(record: Mapping[str, str]) -> Found:
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
    data = {name: value for name, value in record.items() if name.lower().strip() not in OWN}
    channels = [channel for field, channel in (("email", "email"), ("phone", "sms")) if fields.get(field)]
    return [*person(user_id, fields, data), *(yes(user_id, channel) for channel in channels)]


def _recognised(head: Head) -> bool:
    columns = {name.lower() for name in head.columns}
    return RECEIVED in columns and "email address" in columns


GOVUK_NOTIFY: Final = Source(
    "govuk-notify",
    table(row),
    _recognised,
    notes=("Notify keeps no consents. Recipients are recognised with --from govuk-notify only.",),
)
