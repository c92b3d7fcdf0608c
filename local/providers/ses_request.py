"""Parses SES v2 calls into mails and checks SES's limits.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Final

from fanfare.channels.email_events import from_tag_value

from local.providers.outbox import Mail

ENTRIES: Final = 50
CALL_BYTES: Final = 1_000_000  # "1 MB", in the stricter interpretation
TEMPLATE_DATA: Final = 262_144
HEADERS: Final = 15
HEADER_NAME: Final = re.compile(r"[!-9;-@A-~]{1,126}")
HEADER_VALUE: Final = re.compile(r"[ -~]{1,995}")
TAG: Final = re.compile(r"(?:ses:feedback-id-[ab]|[A-Za-z0-9_-]{1,256})")
PLACE: Final = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
ADDRESS: Final = re.compile(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Refused(Exception):
    """SES rejects the whole call."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Draft:
    """The mails of one entry, one per address; `missing` is a template variable without data."""

    mails: list[Mail]
    missing: str | None = None


@dataclass(frozen=True)
class NotTaken:
    """One rejected entry of a call."""

    status: str
    error: str


def read(body: bytes) -> dict[str, Any]:
    """The call's JSON. Raises Refused."""
    try:
        call = json.loads(body)
    except ValueError:
        call = None
    if not isinstance(call, dict):
        raise Refused(400, "SerializationException", "The body is not a JSON object.")
    return call


def bulk(call: Mapping[str, Any], *, size: int) -> list[Draft | NotTaken]:
    """SendBulkEmail, entry by entry. Raises Refused."""
    template = call.get("DefaultContent", {}).get("Template", {})
    entries = call.get("BulkEmailEntries") or []
    _check(1 <= len(entries) <= ENTRIES, f"BulkEmailEntries: 1 to {ENTRIES}, got {len(entries)}.")
    _check(not template.get("TemplateContent") or size <= CALL_BYTES, f"The call has {size} bytes, above 1 MB.")
    _check(bool(call.get("FromEmailAddress")), "FromEmailAddress is missing.")
    _check(str(call["FromEmailAddress"]).isascii(), "FromEmailAddress must be ASCII: RFC 2047 and punycode.")
    defaults = _data(template.get("TemplateData"))
    return [_entry(entry, call, template, defaults) for entry in entries]


def _entry(
    entry: Mapping[str, Any], call: Mapping[str, Any], template: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Draft | NotTaken:
    replacement = entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {})
    data = {**defaults, **_data(replacement.get("ReplacementTemplateData"))}
    headers = {
        **_reply_to(call),
        **_headers(template.get("Headers")),
        **_headers(entry.get("ReplacementHeaders")),
    }
    tags = _tags(call.get("DefaultEmailTags")) | _tags(entry.get("ReplacementTags"))
    if not template.get("TemplateContent"):
        return NotTaken("TEMPLATE_NOT_FOUND", "The stand-in does not support stored templates.")
    addresses = _addresses(entry.get("Destination", {}))
    if not _deliverable(addresses):
        return NotTaken("INVALID_PARAMETER", "Invalid or missing destination address.")
    content, missing = _rendered(template["TemplateContent"], data)
    common = {"sender": call["FromEmailAddress"], "headers": headers, "tags": tags, **content}
    return Draft(_mails(addresses, common), missing)


def single(call: Mapping[str, Any]) -> Draft:
    """SendEmail with simple, raw or template content. Raises Refused."""
    content = call.get("Content", {})
    _check(str(call.get("FromEmailAddress", "")).isascii(), "FromEmailAddress must be ASCII: RFC 2047 and punycode.")
    addresses = _addresses(call.get("Destination", {}))
    missing = None
    common: dict[str, Any] = {"sender": call.get("FromEmailAddress"), "tags": _tags(call.get("EmailTags"))}
    if "Raw" in content:
        addresses, common = _raw(base64.b64decode(content["Raw"]["Data"]), addresses, common)
    elif "Simple" in content:
        common |= _simple(content["Simple"]) | {"headers": _reply_to(call) | _headers(content["Simple"].get("Headers"))}
    else:
        template = content.get("Template", {})
        if not template.get("TemplateContent"):
            raise Refused(404, "NotFoundException", "The stand-in does not support stored templates.")
        parts, missing = _rendered(template["TemplateContent"], _data(template.get("TemplateData")))
        common |= parts | {"headers": _reply_to(call) | _headers(template.get("Headers"))}
    _check(_deliverable(addresses), "Invalid or missing destination address.")
    return Draft(_mails(addresses, common), missing)


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise Refused(400, "BadRequestException", message)


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


def _reply_to(call: Mapping[str, Any]) -> dict[str, str]:
    return {"Reply-To": ", ".join(call["ReplyToAddresses"])} if call.get("ReplyToAddresses") else {}


def _tags(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    for tag in listed or ():
        for part in (tag["Name"], tag["Value"]):
            _check(TAG.fullmatch(part) is not None, f"Invalid tag: {part!r} (letters, digits, _ and - only).")
    return {tag["Name"]: tag["Value"] for tag in listed or ()}


def _addresses(destination: Mapping[str, Any]) -> list[str]:
    return [address for kind in ("To", "Cc", "Bcc") for address in destination.get(f"{kind}Addresses") or ()]


def _deliverable(addresses: Sequence[str]) -> bool:
    return bool(addresses) and all(ADDRESS.fullmatch(parseaddr(address)[1]) for address in addresses)


def _rendered(content: Mapping[str, str], data: Mapping[str, Any]) -> tuple[dict[str, str | None], str | None]:
    """The rendered parts, and a missing variable. Like SES, it does not escape values."""
    missing = []

    def value(place: re.Match[str]) -> str:
        if place[1] not in data:
            missing.append(place[1])
        return str(data.get(place[1]))

    parts = {
        part.lower(): None if content.get(part) is None else PLACE.sub(value, content[part])
        for part in ("Subject", "Text", "Html")
    }
    return parts, missing[0] if missing else None


def _simple(simple: Mapping[str, Any]) -> dict[str, Any]:
    body = simple.get("Body", {})
    return {
        "subject": simple.get("Subject", {}).get("Data"),
        "text": body.get("Text", {}).get("Data"),
        "html": body.get("Html", {}).get("Data"),
    }


def _raw(raw: bytes, addresses: list[str], common: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)

    def part(kind: str) -> str | None:
        found = parsed.get_body(preferencelist=(kind,))
        return None if found is None else str(found.get_content())

    written = [each.addr_spec for kind in ("To", "Cc", "Bcc") if parsed[kind] for each in parsed[kind].addresses]
    return addresses or written, {
        **common,
        "sender": common["sender"] or str(parsed["From"]),
        "subject": str(parsed["Subject"] or ""),
        "text": part("plain"),
        "html": part("html"),
        "headers": {name: str(value) for name, value in parsed.items()},
        "raw": raw.decode(errors="replace"),
    }


def _mails(addresses: Sequence[str], common: Mapping[str, Any]) -> list[Mail]:
    """One mail per address, all with the same SES message id."""
    provider_id = f"{int(time.time() * 1000):016x}-{uuid.uuid4()}-000000"
    tags = common["tags"]
    ids = {"message_id": tags.get("message_id"), "user_id": _user_id(tags.get("user_id"))}
    return [
        Mail(channel="email", to=parseaddr(address)[1], provider_id=provider_id, **ids, **common)
        for address in addresses
    ]


def _user_id(tag: str | None) -> str | None:
    try:
        return from_tag_value(tag) if tag else None
    except (binascii.Error, UnicodeDecodeError):
        return tag  # not encoded by Fanfare
