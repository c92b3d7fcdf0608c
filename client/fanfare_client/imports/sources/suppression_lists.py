"""Brevo and SendGrid: suppressions.

Brevo: `GET /v3/smtp/blockedContacts`. SendGrid: CSV of the console and `GET /v3/suppression/{bounces, spam_reports,
unsubscribes, invalid_emails}`, `GET /v3/asm/suppressions`. A file of SendGrid does not say which list it is: its name
may, else it counts as a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..people import email_of, first, id_of, person, time_of
from ..records import LeftOut, Read, as_topic, no, suppression, topic
from ..tables.options import TableOptions
from .base import Found, Head, Source, head_of, table
from .objects import objects

BREVO_CAUSES: Final = {"hardBounce": "bounce", "contactFlaggedAsSpam": "complaint", "adminBlocked": "manual"}
SENDGRID_FILES: Final = {"bounce": "bounce", "spam": "complaint", "invalid": "bounce"}
BLOCKED: Final = "a block: SendGrid refused one message, and goes on writing to the address"


def brevo(record: Mapping[str, Any]) -> Found:
    reason = record.get("reason")
    code = str(reason.get("code") if isinstance(reason, Mapping) else reason)
    at = time_of(record.get("blockedAt"))
    return [suppression("email", email_of(record.get("email")), cause=BREVO_CAUSES.get(code, "opt_out"), at=at)]


def sendgrid(cause: str, record: Mapping[str, Any]) -> Found:
    address = email_of(first(record, ["email"]))
    at = time_of(first(record, ["created", "created_at"]))
    group = first(record, ["group_name"])
    if group:  # a refusal of one unsubscribe group
        name = as_topic(str(group))
        refusal = no(id_of(address), "email", topic=name, address=address, at=at, evidence="SendGrid")
        return [*person(id_of(address), {"email": address}), topic(name, str(group), ["email"]), refusal]
    return [suppression("email", address, cause=cause, at=at)]


def _sendgrid_rows(file: Path, options: TableOptions) -> Iterator[Read]:
    name = file.name.lower()
    cause = next((cause for word, cause in SENDGRID_FILES.items() if word in name), "opt_out")

    def convert(record: Mapping[str, Any]) -> Found:
        if "block" in name:
            return [LeftOut("blocked_once", BLOCKED, outcome="skipped")]
        # bounces and invalid addresses have a reason
        return sendgrid("bounce" if first(record, ["reason"]) and cause == "opt_out" else cause, record)

    yield from (table(convert) if head_of(file).columns else objects(convert, "suppressions"))(file, options)


def _is_sendgrid(head: Head) -> bool:
    keys = head.columns | head.keys
    return {"email", "created"} <= keys or {"email", "group_name", "created_at"} <= keys


BREVO: Final = Source("brevo", objects(brevo, "contacts"), lambda head: head.has_keys("email", "reason", "blockedAt"))
SENDGRID: Final = Source("sendgrid", _sendgrid_rows, _is_sendgrid)
