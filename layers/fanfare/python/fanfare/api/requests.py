"""What a request says: its body, its headers, who calls. An event of API Gateway, payload format 2.0."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from email.message import Message as Headers
from typing import Any, Final
from urllib.parse import parse_qs

from fanfare.api.problems import parameter
from fanfare.api.strict_json import parse
from fanfare.errors import Invalid, MalformedRequest, PayloadTooLarge, UnsupportedMediaType

BODY_LIMIT: Final = 256 * 1024
FORM: Final = "application/x-www-form-urlencoded"
FORM_FIELDS_LIMIT: Final = 20_000
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")


def method_of(event: Mapping[str, Any]) -> str:
    """The method, in capitals."""
    return str(event["requestContext"]["http"]["method"]).upper()


def headers_of(event: Mapping[str, Any]) -> dict[str, str]:
    """The headers by their names in small letters."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def accepts_pages(event: Mapping[str, Any]) -> bool:
    """A browser says so; what says `*/*` is a program."""
    return "text/html" in str(headers_of(event).get("accept", "")).lower()


def principal(event: Mapping[str, Any]) -> str:
    """Who calls, as IAM knows it: the same for every session of a role."""
    return without_session(event["requestContext"]["authorizer"]["iam"]["userArn"])


def without_session(arn: str) -> str:
    """`arn:aws:sts::1:assumed-role/Role/session` is every session of `Role`."""
    head, kind, rest = arn.partition(":assumed-role/")
    return head + kind + rest.partition("/")[0]


def idempotency_key(header: str | None) -> str | None:
    """The key in an `Idempotency-Key` header, quoted or bare. Raises Invalid."""
    if header is None:
        return None
    key = header.strip()
    if len(key) >= 2 and key.startswith('"') and key.endswith('"'):
        key = re.sub(r'\\(["\\])', r"\1", key[1:-1])
    if not _VISIBLE.fullmatch(key):
        raise Invalid.field(
            parameter("header", "idempotency-key"), "invalid_key", "must be 1 to 255 visible ASCII characters"
        )
    return key


def form_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields of the form that a browser posted."""
    if _media_type(headers_of(event).get("content-type")) != FORM:
        raise UnsupportedMediaType(f"send a form, as content-type {FORM}")
    try:
        return parse_qs(text_of(raw_body(event)), keep_blank_values=True, max_num_fields=FORM_FIELDS_LIMIT)
    except ValueError as error:
        raise MalformedRequest("the form can't be read") from error


def raw_body(event: Mapping[str, Any]) -> bytes:
    """The body as it was sent. Raises MalformedRequest, PayloadTooLarge."""
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest("the body can't be read") from error
    if len(raw) > BODY_LIMIT:
        raise PayloadTooLarge(f"the body has {len(raw):,} bytes, and {BODY_LIMIT:,} are taken")
    return raw


def text_of(raw: bytes) -> str:
    """The body as text. Raises MalformedRequest."""
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest("the body is not UTF-8") from error


def json_object(text: str) -> dict[str, Any]:
    """The object that a JSON body is. Raises MalformedRequest, Invalid."""
    body = parse(text)
    if not isinstance(body, dict):
        raise Invalid.field("", "wrong_type", "the body must be a JSON object")
    return body


def is_json(content_type: str | None) -> bool:
    """Whether a `Content-Type` says JSON in UTF-8."""
    charset = _parsed(content_type).get_content_charset("utf-8")
    return _media_type(content_type) == "application/json" and charset in ("utf-8", "utf8", "us-ascii")


def _media_type(content_type: str | None) -> str:
    return _parsed(content_type).get_content_type()


def _parsed(content_type: str | None) -> Headers:
    headers = Headers()
    headers["content-type"] = content_type or "none/none"
    return headers
