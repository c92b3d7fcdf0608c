"""Mailchimp: an audience's export, the zip or one of its files (subscribed, unsubscribed, cleaned, nonsubscribed).

The file says what the contacts are; the columns after the merge fields are Mailchimp's own. The zip of the whole
account has folders of audiences and one of templates as HTML: https://mailchimp.com/help/export-and-back-up-account-data/
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from ..people import email_of, first, full_name, id_of, locale_of, person, phone_of, time_of
from ..records import Read, no, suppression, yes
from ..tables.options import TableOptions
from .base import Found, Head, Source, head_of, member, table
from .templates import HTML_TEMPLATE

OWN: Final = frozenset(
    {
        "email address", "first name", "last name", "phone number", "member_rating",
        "optin_time", "optin_ip", "confirm_time", "confirm_ip", "latitude", "longitude", "gmtoff", "dstoff",
        "timezone", "cc", "region", "last_changed", "leid", "euid", "notes", "tags", "unsub_time",
        "unsub_campaign_title", "unsub_campaign_id", "unsub_reason", "unsub_reason_other", "clean_time",
        "clean_campaign_title", "clean_campaign_id",
    }
)  # fmt: skip
MEMBERS: Final = ("subscribed", "unsubscribed", "cleaned", "nonsubscribed")


def row(record: Mapping[str, str], kind: str | None = None) -> Found:
    """A contact; `kind` of the file. UNSUB_TIME is of who left, CLEAN_TIME of who bounced."""
    address = email_of(first(record, ["email address"]))
    user_id = id_of(address)
    data = {name: value for name, value in record.items() if name.lower().strip() not in OWN}
    tags = next(csv.reader([first(record, ["tags"]) or ""]), [])
    if tags:
        data["tags"] = ", ".join(tag.strip(' "') for tag in tags)
    phone, left_out = phone_of(first(record, ["phone number"]), "Phone Number")
    fields = {
        "name": full_name(first(record, ["first name"]), first(record, ["last name"])),
        "email": address,
        "phone": phone,
        "locale": locale_of(first(record, ["language"])),
        "time_zone": first(record, ["timezone"]),
    }
    found = [*person(user_id, fields, data), *left_out]
    cleaned, left = first(record, ["clean_time"]), first(record, ["unsub_time"])
    if cleaned or kind == "cleaned":
        return [*found, suppression("email", address, cause="bounce", at=time_of(cleaned))]
    if left or kind == "unsubscribed":
        return [*found, no(user_id, "email", address=address, at=time_of(left), evidence="Mailchimp")]
    if kind == "nonsubscribed":
        return found
    confirmed = time_of(first(record, ["confirm_time", "optin_time"]))
    return [*found, yes(user_id, "email", at=confirmed, evidence="Mailchimp")]


def _rows(file: Path, options: TableOptions) -> Iterator[Read]:
    names = [name for name in head_of(file).members if _kind(name) or _is_template(name)]
    if not names:
        yield from table(partial(row, kind=_kind(file.name)))(file, options)
        return
    place = 0
    for name in names:
        with member(file, name) as unpacked:
            read_member = HTML_TEMPLATE.rows if _is_template(name) else table(partial(row, kind=_kind(name)))
            for read in read_member(unpacked, options):
                place += 1
                yield Read(place, f"{name}: {read.text}", read.found)


def _kind(name: str) -> str | None:
    base = name.rsplit("/", 1)[-1].lower()
    return next((kind for kind in MEMBERS if base.startswith(f"{kind}_") and base.endswith(".csv")), None)


def _is_template(name: str) -> bool:
    *folders, base = name.lower().split("/")
    return "templates" in folders and base.endswith((".html", ".htm"))


def _recognised(head: Head) -> bool:
    return any(_kind(name) or _is_template(name) for name in head.members) or head.has("Email Address", "LEID", "EUID")


MAILCHIMP: Final = Source(
    "mailchimp",
    _rows,
    _recognised,
    notes=("Contacts that never subscribed are stored, not subscribed. Groups and SMS consent do not come along.",),
)
