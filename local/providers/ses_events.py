"""The events of a mail after SES accepted it, in the format of SES event publishing.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from typing import Any, Final

from local.emulator.ministack import ACCOUNT, REGION
from local.providers.outbox import Mail
from local.providers.simulator import OUR_DOMAIN, SES_DOMAIN, named

Event = dict[str, Any]
Publish = Callable[[str | None, Event], None]  # configuration set, event
KEPT: Final = 10_000
# https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator-how-to-use
BOUNCES: Final = {
    ("bounce", SES_DOMAIN): ("Permanent", "General"),
    ("suppressionlist", SES_DOMAIN): ("Permanent", "Suppressed"),
    ("no-mailbox", OUR_DOMAIN): ("Permanent", "NoEmail"),
    ("full", OUR_DOMAIN): ("Transient", "MailboxFull"),
    ("content", OUR_DOMAIN): ("Transient", "ContentRejected"),
    ("listed", OUR_DOMAIN): ("Permanent", "OnAccountSuppressionList"),
}


class EventLog:
    """Stores the latest events instead of publishing them."""

    def __init__(self) -> None:
        self.events: deque[tuple[str | None, Event]] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def publish(self, configuration_set: str | None, event: Event) -> None:
        with self._lock:
            self.events.append((configuration_set, event))


def after(mail: Mail, configuration_set: str | None, *, missing: str | None = None) -> Iterator[Event]:
    """The events of an accepted mail, in order. If its template lacks a variable, it is never sent."""
    if missing is not None:
        details = {"errorMessage": f"Attribute '{missing}' is not present in the rendering data.", "templateName": ""}
        yield _event("Rendering Failure", mail, configuration_set, details, under="failure")
        return
    yield _event("Send", mail, configuration_set, {})
    kind = next((kind for (name, domain), kind in BOUNCES.items() if named(mail.to, name, domain)), None)
    if kind is not None:
        yield _event("Bounce", mail, configuration_set, _bounce(mail, *kind, status="5.1.1"))
        return
    yield _event(
        "Delivery",
        mail,
        configuration_set,
        {"recipients": [mail.to], "processingTimeMillis": 1, "smtpResponse": "250 ok"},
    )
    if named(mail.to, "ooto", SES_DOMAIN):  # a reply has no delivery status
        yield _event("Bounce", mail, configuration_set, _bounce(mail, "Transient", "General", status=None))
    if named(mail.to, "complaint", SES_DOMAIN) or named(mail.to, "not-spam", OUR_DOMAIN):
        complaint: Event = {
            "complainedRecipients": [{"emailAddress": mail.to}],
            "complaintFeedbackType": "abuse" if named(mail.to, "complaint", SES_DOMAIN) else "not-spam",
            "feedbackId": mail.provider_id,
            "complaintSubType": None,
        }
        yield _event("Complaint", mail, configuration_set, complaint)


def _bounce(mail: Mail, kind: str, subtype: str, *, status: str | None) -> Event:
    recipient = {"emailAddress": mail.to}
    if status is not None:
        recipient |= {"action": "failed", "status": status, "diagnosticCode": f"smtp; 550 {status} not delivered"}
    return {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [recipient],
        "feedbackId": mail.provider_id,
        "reportingMTA": "dsn; simulator.amazonses.com",
    }


def _event(kind: str, mail: Mail, configuration_set: str | None, details: Event, *, under: str = "") -> Event:
    at = mail.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    tags = {name: [value] for name, value in mail.tags.items()}
    if configuration_set:
        tags["ses:configuration-set"] = [configuration_set]
    details = details if kind == "Send" or under else {"timestamp": at, **details}
    return {
        "eventType": kind,
        "mail": {
            "timestamp": at,
            "source": mail.sender,
            "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{parseaddr(mail.sender or '')[1]}",
            "sendingAccountId": ACCOUNT,
            "messageId": mail.provider_id,
            "destination": [mail.to],
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in mail.headers.items()],
            "commonHeaders": {"from": [mail.sender], "to": [mail.to], "subject": mail.subject},
            "tags": tags,
        },
        under or kind.lower(): details,
    }
