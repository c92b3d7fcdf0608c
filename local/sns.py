"""The stand-in for Amazon SNS: Publish to a phone number.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from .http import Answer, Request
from .outbox import Mail, Outbox
from .simulator import Simulator

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
SMS_BYTES: Final = 1600
NAMESPACE: Final = "http://sns.amazonaws.com/doc/2010-03-31/"


class Sns:
    """Answers Publish, keeping what it accepts in the outbox."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator) -> None:
        self.outbox = outbox
        self.simulator = simulator

    def handle(self, request: Request) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        if self.simulator.is_down("sms"):
            return _error(503, "ServiceUnavailable", "The simulator was told to be down.")
        if form.get("Action") != "Publish":
            return _error(400, "InvalidAction", f"Not in the stand-in: {form.get('Action')}")
        phone, text = form.get("PhoneNumber", ""), form.get("Message", "")
        if not E164.fullmatch(phone):
            return _error(400, "InvalidParameter", "Invalid parameter: PhoneNumber")
        if not text or len(text.encode()) > SMS_BYTES:
            return _error(400, "InvalidParameter", "Invalid parameter: Message is empty or too long")
        attributes = _attributes(form)
        mail = Mail(
            channel="sms",
            to=phone,
            provider_id=str(uuid.uuid4()),
            text=text,
            sender=attributes.get("AWS.SNS.SMS.SenderID"),
            tags=attributes,
            message_id=attributes.get("message_id"),
            user_id=attributes.get("user_id"),
        )
        self.outbox.add(mail)
        return _xml(200, "PublishResponse", f"<PublishResult><MessageId>{mail.provider_id}</MessageId></PublishResult>")


def _attributes(form: Mapping[str, str]) -> dict[str, str]:
    """`MessageAttributes.entry.1.Name` and `.Value.StringValue`, together."""
    prefix = "MessageAttributes.entry."
    named = (key for key in form if key.startswith(prefix) and key.endswith(".Name"))
    return {form[key]: form.get(key.removesuffix("Name") + "Value.StringValue", "") for key in named}


def _error(status: int, code: str, message: str) -> Answer:
    kind = "Sender" if status < 500 else "Receiver"
    told = f"<Type>{kind}</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return _xml(status, "ErrorResponse", f"<Error>{told}</Error>")


def _xml(status: int, root: str, inner: str) -> Answer:
    request_id = str(uuid.uuid4())
    told = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    body = f'<{root} xmlns="{NAMESPACE}">{inner}{told}</{root}>'
    return Answer(status, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request_id})
