"""The stand-in for Amazon SES v2: what it takes, what it refuses, and the mails that come of it.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Final

from fanfare.channels.email import from_tag_value

from . import ses_events
from .http import Answer, HangUp, Request, as_json
from .outbox import Mail, Outbox
from .ses_events import Publish
from .simulator import Simulator

ENTRIES: Final = 50
CALL_BYTES: Final = 1_000_000  # "1 MB", in its stricter reading
TEMPLATE_DATA: Final = 262_144
HEADERS: Final = 15
HEADER_NAME: Final = re.compile(r"[!-9;-@A-~]{1,126}")
HEADER_VALUE: Final = re.compile(r"[ -~]{1,995}")
TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
PLACE: Final = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
ADDRESS: Final = re.compile(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Refused(Exception):
    """SES refuses the whole call."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Missing(Exception):
    """The data lacks a name that the template asks for."""


class Ses:
    """Answers SES v2 calls, keeping what it accepts in the outbox."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator, publish: Publish) -> None:
        self.outbox = outbox
        self.simulator = simulator
        self.publish = publish

    def handle(self, request: Request) -> Answer:
        try:
            return self._handle(request)
        except Refused as refused:
            return as_json({"message": str(refused)}, refused.status, **{"x-amzn-ErrorType": refused.code})

    def _handle(self, request: Request) -> Answer:
        if self.simulator.is_down("email"):
            raise Refused(503, "ServiceUnavailable", "The simulator was told to be down.")
        match request.method, request.path:
            case "POST", "/v2/email/outbound-bulk-emails":
                return as_json(self._bulk(_read(request.body), size=len(request.body)))
            case "POST", "/v2/email/outbound-emails":
                return as_json(self._single(_read(request.body)))
            case "GET", "/v2/email/account":
                return as_json(self._account())
            case _:
                raise Refused(404, "UnknownOperationException", f"Not in the stand-in: {request.path}")

    def _account(self) -> dict[str, Any]:
        quota = {
            "Max24HourSend": -1.0,
            "MaxSendRate": self.simulator.settings.rate or 1_000.0,
            "SentLast24Hours": float(len(self.outbox)),
        }
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": True,
            "SendQuota": quota,
            "SendingEnabled": True,
        }

    # Many at once

    def _bulk(self, call: Mapping[str, Any], *, size: int) -> dict[str, Any]:
        template = call.get("DefaultContent", {}).get("Template", {})
        entries = call.get("BulkEmailEntries") or []
        _check(1 <= len(entries) <= ENTRIES, f"BulkEmailEntries: 1 to {ENTRIES}, got {len(entries)}.")
        _check(not template.get("TemplateContent") or size <= CALL_BYTES, f"The call has {size} bytes, above 1 MB.")
        _check(bool(call.get("FromEmailAddress")), "FromEmailAddress is missing.")
        defaults = _data(template.get("TemplateData"))
        prepared = [self._prepare(entry, call, template, defaults) for entry in entries]
        self._within_rate(sum(len(_addresses(entry.get("Destination", {}))) for entry in entries))
        results = [self._take(mails, call.get("ConfigurationSetName")) for mails in prepared]
        self._maybe_lose_the_answer(mail for mails in prepared if isinstance(mails, list) for mail in mails)
        return {"BulkEmailEntryResults": results}

    def _prepare(
        self, entry: Mapping[str, Any], call: Mapping[str, Any], template: Mapping[str, Any], defaults: dict[str, Any]
    ) -> list[Mail] | dict[str, Any]:
        """The mails of one entry, or what SES says of it instead."""
        replacement = entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {})
        data = defaults | _data(replacement.get("ReplacementTemplateData"))
        headers = _headers(template.get("Headers")) | _headers(entry.get("ReplacementHeaders"))
        tags = _tags(call.get("DefaultEmailTags")) | _tags(entry.get("ReplacementTags"))
        content = template.get("TemplateContent")
        if not content:
            return {"Status": "TEMPLATE_NOT_FOUND", "Error": "The stand-in keeps no stored templates."}
        addresses = _addresses(entry.get("Destination", {}))
        if not addresses or not all(ADDRESS.fullmatch(parseaddr(address)[1]) for address in addresses):
            return {"Status": "INVALID_PARAMETER", "Error": "Invalid or missing destination address."}
        common: dict[str, Any] = {"sender": call["FromEmailAddress"], "headers": headers, "tags": tags}
        try:
            common |= _rendered(content, data)
        except Missing as missing:
            common |= {"subject": None, "raw": f"missing:{missing}"}
        reply_to = call.get("ReplyToAddresses")
        if reply_to:
            common["headers"] = {"Reply-To": ", ".join(reply_to), **headers}
        return _mails(addresses, common)

    def _take(self, mails: list[Mail] | dict[str, Any], configuration_set: str | None) -> dict[str, Any]:
        if isinstance(mails, dict):
            return mails
        for mail in mails:
            if self.simulator.fails(mail.to):
                return {"Status": "TRANSIENT_FAILURE", "Error": "The simulator's down@ fails."}
            if self.simulator.throttles(mail.to, mail.message_id):
                return {"Status": "ACCOUNT_THROTTLED", "Error": "The simulator's throttle@ throttles once."}
        self._accept(mails, configuration_set)
        return {"Status": "SUCCESS", "MessageId": mails[0].provider_id}

    # One

    def _single(self, call: Mapping[str, Any]) -> dict[str, Any]:
        content = call.get("Content", {})
        mails = _mails(*_one(call, content))
        _check(bool(mails), "The destination has no address.")
        _check(all(ADDRESS.fullmatch(parseaddr(mail.to)[1]) for mail in mails), "Invalid destination address.")
        self._within_rate(len(mails))
        for mail in mails:
            if self.simulator.fails(mail.to):
                raise Refused(503, "ServiceUnavailable", "The simulator's down@ fails.")
            if self.simulator.throttles(mail.to, mail.message_id):
                raise Refused(429, "TooManyRequestsException", "The simulator's throttle@ throttles once.")
        self._accept(mails, call.get("ConfigurationSetName"))
        self._maybe_lose_the_answer(mails)
        return {"MessageId": mails[0].provider_id}

    # Both

    def _within_rate(self, recipients: int) -> None:
        if self.simulator.too_many(recipients):
            raise Refused(429, "TooManyRequestsException", "Maximum sending rate exceeded.")

    def _accept(self, mails: list[Mail], configuration_set: str | None) -> None:
        for mail in mails:
            if mail.subject is None and (mail.raw or "").startswith("missing:"):
                missing = (mail.raw or "").removeprefix("missing:")
                self.publish(configuration_set, ses_events.rendering_failure(mail, configuration_set, missing))
                continue
            self.outbox.add(mail)
            for event in ses_events.after(mail, configuration_set):
                self.publish(configuration_set, event)

    def _maybe_lose_the_answer(self, mails: Iterator[Mail] | Sequence[Mail]) -> None:
        lost = [mail for mail in mails if self.simulator.loses_the_answer(mail.to, mail.message_id)]
        if lost:
            raise HangUp


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise Refused(400, "BadRequestException", message)


def _read(body: bytes) -> dict[str, Any]:
    try:
        call = json.loads(body)
    except ValueError:
        call = None
    if not isinstance(call, dict):
        raise Refused(400, "SerializationException", "The body is not a JSON object.")
    return call


def _data(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    _check(len(text) <= TEMPLATE_DATA, f"Template data has {len(text)} characters, above {TEMPLATE_DATA}.")
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refused(400, "BadRequestException", "Template data is not a JSON object.")
    return data


def _headers(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    listed = listed or ()
    _check(len(listed) <= HEADERS, f"At most {HEADERS} headers, got {len(listed)}.")
    for header in listed:
        _check(HEADER_NAME.fullmatch(header["Name"]) is not None, f"Invalid header name: {header['Name']!r}.")
        _check(HEADER_VALUE.fullmatch(header["Value"]) is not None, f"Invalid value of header {header['Name']}.")
    return {header["Name"]: header["Value"] for header in listed}


def _tags(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    for tag in listed or ():
        for part in (tag["Name"], tag["Value"]):
            _check(TAG.fullmatch(part) is not None, f"Invalid tag: {part!r} (letters, digits, _ and - only).")
    return {tag["Name"]: tag["Value"] for tag in listed or ()}


def _addresses(destination: Mapping[str, Any]) -> list[str]:
    return [address for kind in ("To", "Cc", "Bcc") for address in destination.get(f"{kind}Addresses") or ()]


def _rendered(content: Mapping[str, str], data: Mapping[str, Any]) -> dict[str, str | None]:
    """What the template becomes. SES fills in as it stands: it does not escape, nor look twice."""

    def fill(template: str | None) -> str | None:
        return None if template is None else PLACE.sub(lambda place: _value(place[1], data), template)

    return {part.lower(): fill(content.get(part)) for part in ("Subject", "Text", "Html")}


def _value(name: str, data: Mapping[str, Any]) -> str:
    if name not in data:
        raise Missing(name)
    return str(data[name])


def _mails(addresses: Sequence[str], common: Mapping[str, Any]) -> list[Mail]:
    """One for each address; they share the id that SES gives."""
    provider_id = f"{int(time.time() * 1000):016x}-{uuid.uuid4()}-000000"
    tags = common.get("tags", {})
    ids = {"message_id": tags.get("message_id"), "user_id": _user_id(tags.get("user_id"))}
    return [
        Mail(channel="email", to=parseaddr(address)[1], provider_id=provider_id, **ids, **common)
        for address in addresses
    ]


def _user_id(tag: str | None) -> str | None:
    try:
        return from_tag_value(tag) if tag else None
    except (binascii.Error, UnicodeDecodeError):
        return tag  # not one of ours


def _one(call: Mapping[str, Any], content: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The addresses and the common part of a single mail."""
    addresses = _addresses(call.get("Destination", {}))
    common: dict[str, Any] = {"sender": call.get("FromEmailAddress"), "tags": _tags(call.get("EmailTags"))}
    if "Raw" in content:
        raw = base64.b64decode(content["Raw"]["Data"])
        parsed = message_from_bytes(raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return addresses or _written(parsed), common | _of_mime(parsed, raw) | _sender(common, parsed)
    if "Simple" in content:
        simple = content["Simple"]
        body = simple.get("Body", {})
        common |= {
            "subject": simple.get("Subject", {}).get("Data"),
            "text": body.get("Text", {}).get("Data"),
            "html": body.get("Html", {}).get("Data"),
            "headers": _headers(simple.get("Headers")),
        }
        return addresses, common
    template = content.get("Template", {})
    if not template.get("TemplateContent"):
        raise Refused(404, "NotFoundException", "The stand-in keeps no stored templates.")
    try:
        common |= _rendered(template["TemplateContent"], _data(template.get("TemplateData")))
    except Missing as missing:
        common |= {"subject": None, "raw": f"missing:{missing}"}
    return addresses, common | {"headers": _headers(template.get("Headers"))}


def _written(parsed: EmailMessage) -> list[str]:
    return [address.addr_spec for kind in ("To", "Cc", "Bcc") if parsed[kind] for address in parsed[kind].addresses]


def _sender(common: Mapping[str, Any], parsed: EmailMessage) -> dict[str, Any]:
    return {"sender": common["sender"] or str(parsed["From"])}


def _of_mime(parsed: EmailMessage, raw: bytes) -> dict[str, Any]:
    def part(kind: str) -> str | None:
        found = parsed.get_body(preferencelist=(kind,))
        return None if found is None else str(found.get_content())

    return {
        "subject": str(parsed["Subject"] or ""),
        "text": part("plain"),
        "html": part("html"),
        "headers": {name: str(value) for name, value in parsed.items()},
        "raw": raw.decode(errors="replace"),
    }
