"""A stand-in for SES at the client's door: it keeps what was sent, and fails when it is told to.

moto does not implement SendBulkEmail; botocore's `before-call` hook answers in its place, so the
channel's own code, its request and its error mapping are what is tested.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

# https://github.com/aws/aws-sdk-net/issues/3526
NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1:"
Answer = tuple[Any, dict[str, Any]]


@dataclass
class Mail:
    to: str
    subject: str
    html: str
    text: str
    tags: dict[str, str]
    headers: dict[str, str]
    sender: str = ""
    reply_to: list[str] = field(default_factory=list)


@dataclass
class Ses:
    """`down` and `lose_answers` count calls that fail before, and after, the mails were taken."""

    outbox: list[Mail] = field(default_factory=list)
    calls: int = 0
    down: int = 0
    lose_answers: int = 0
    not_verified: bool = False  # the sender
    entry_status: dict[str, list[str]] = field(default_factory=dict)  # by address, consumed one by one
    before: Callable[[], None] = lambda: None

    def install(self, client: Any) -> None:
        client.meta.events.register("before-call.sesv2.SendBulkEmail", self._answer)

    def copies(self) -> Counter[str]:
        """How often each address was written to."""
        return Counter(mail.to for mail in self.outbox)

    def _answer(self, params: dict[str, Any], **_: Any) -> Answer:
        self.calls += 1
        self.before()
        if self.down:
            self.down -= 1
            return _http(503), {
                "Error": {"Code": "ServiceUnavailable", "Message": "down"},
                "ResponseMetadata": {"HTTPStatusCode": 503},
            }
        if self.not_verified:
            said = f"{NOT_VERIFIED} no-reply@example.com"
            return _http(400), {
                "Error": {"Code": "MessageRejected", "Message": said},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
        call = json.loads(params["body"])
        template = call["DefaultContent"]["Template"]["TemplateContent"]
        results = [self._take(entry, template, call) for entry in call["BulkEmailEntries"]]
        if self.lose_answers:
            self.lose_answers -= 1
            raise ReadTimeoutError(endpoint_url="https://email.test")
        return _http(200), {"BulkEmailEntryResults": results, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _take(self, entry: dict[str, Any], template: dict[str, str], call: dict[str, Any]) -> dict[str, str]:
        (to,) = entry["Destination"]["ToAddresses"]
        waiting = self.entry_status.get(to)
        if waiting:
            return {"Status": waiting.pop(0)}
        own = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
        subject, html, text = (
            re.sub(r"\{\{(\w+)\}\}", lambda place: own[place[1]], template.get(part, ""))
            for part in ("Subject", "Html", "Text")
        )
        tags = {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]}
        headers = {each["Name"]: each["Value"] for each in entry.get("ReplacementHeaders", [])}
        sender, reply_to = call["FromEmailAddress"], call.get("ReplyToAddresses", [])
        self.outbox.append(Mail(to, subject, html, text, tags, headers, sender, reply_to))
        return {"Status": "SUCCESS", "MessageId": f"ses-{len(self.outbox)}"}


def _http(status: int) -> Any:
    return SimpleNamespace(status_code=status, headers={})
