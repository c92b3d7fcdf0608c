"""What Fanfare itself wrote to people: SES and SNS at the client's door."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Letter:
    """One mail."""

    to: str
    subject: str
    text: str
    html: str
    sent: dict[str, Any]

    @property
    def link(self) -> str:
        """The link that the mail is for."""
        found, _ = re.findall(r"https://\S+", self.text)
        return str(found)

    @property
    def stop(self) -> str:
        """The link that stops such mails."""
        _, found = re.findall(r"https://\S+", self.text)
        return str(found)

    def header(self, name: str) -> str:
        """A header beside those that SES adds."""
        (found,) = [each["Value"] for each in self.sent["Content"]["Simple"]["Headers"] if each["Name"] == name]
        return str(found)


@dataclass
class Post:
    """The mails and text messages; `refusal` is what the provider answers instead."""

    mails: list[Letter] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    refusal: tuple[int, str] | None = None

    @property
    def code(self) -> str:
        """The newest code."""
        (found,) = re.findall(r"\b\d{6}\b", self.texts[-1][1])
        return str(found)

    def install(self, ses: Any, sns: Any) -> None:
        ses.meta.events.register("before-call.sesv2.SendEmail", self._mail)
        sns.meta.events.register("before-call.sns.Publish", self._text)

    def _mail(self, params: dict[str, Any], **_: Any) -> Any:
        if self.refusal:
            return _refused(*self.refusal)
        sent = json.loads(params["body"])
        simple = sent["Content"]["Simple"]
        (to,) = sent["Destination"]["ToAddresses"]
        body = simple["Body"]
        self.mails.append(Letter(to, simple["Subject"]["Data"], body["Text"]["Data"], body["Html"]["Data"], sent))
        return SimpleNamespace(status_code=200), {"MessageId": f"ses-{len(self.mails)}"}

    def _text(self, params: dict[str, Any], **_: Any) -> Any:
        if self.refusal:
            return _refused(*self.refusal)
        sent = params["body"]
        fields = parse_qs(sent) if isinstance(sent, str) else {name: [value] for name, value in sent.items()}
        self.texts.append((fields["PhoneNumber"][0], fields["Message"][0]))
        return SimpleNamespace(status_code=200), {"MessageId": f"sns-{len(self.texts)}"}


def _refused(status: int, code: str) -> Any:
    error = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return SimpleNamespace(status_code=status), error
