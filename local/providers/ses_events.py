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
from local.providers.simulator import SES_DOMAIN, named

Event = dict[str, Any]
Publish = Callable[[str | None, Event], None]  # configuration set, event
KEPT: Final = 10_000


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
    if named(mail.to, "bounce", SES_DOMAIN):
        yield _event("Bounce", mail, configuration_set, _bounce(mail))
        return
    yield _event(
        "Delivery",
        mail,
        configuration_set,
        {"recipients": [mail.to], "processingTimeMillis": 1, "smtpResponse": "250 ok"},
    )
    if named(mail.to, "complaint", SES_DOMAIN):
        complaint: Event = {
            "complainedRecipients": [{"emailAddress": mail.to}],
            "complaintFeedbackType": "abuse",
            "feedbackId": mail.provider_id,
            "complaintSubType": None,
        }
        yield _event("Complaint", mail, configuration_set, complaint)


def _bounce(mail: Mail) -> Event:
    recipient = {
        "emailAddress": mail.to,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }
    return {
        "bounceType": "Permanent",
        "bounceSubType": "General",
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
