"""Body, headers and caller of a request: an event of API Gateway, payload format 2.0."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from email.message import Message as Headers
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs

from fanfare.api.problems import parameter
from fanfare.api.strict_json import parse
from fanfare.errors import Invalid, MalformedRequest, PayloadTooLarge, UnsupportedMediaType

BODY_LIMIT: Final = 256 * 1024
MERGE_PATCH: Final = "application/merge-patch+json"
FORM: Final = "application/x-www-form-urlencoded"
AS_FORM: Final = "sent_as_form"  # in an event whose form was made JSON; no caller can set it
FORM_FIELDS_LIMIT: Final = 20_000
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")


def method_of(event: Mapping[str, Any]) -> str:
    """The method in upper case."""
    return str(event["requestContext"]["http"]["method"]).upper()


def headers_of(event: Mapping[str, Any]) -> dict[str, str]:
    """The headers by lower-case name."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def accepts_pages(event: Mapping[str, Any]) -> bool:
    """Whether the client asks for HTML: browsers do; `*/*` means a program."""
    return "text/html" in str(headers_of(event).get("accept", "")).lower()


def principal(event: Mapping[str, Any]) -> str:
    """ARN of the calling IAM principal, the same for all sessions of a role."""
    return without_session(event["requestContext"]["authorizer"]["iam"]["userArn"])


def session_of(event: Mapping[str, Any]) -> str:
    """The session of a role, e.g. the person's name; empty for a user of IAM."""
    _, kind, rest = str(event["requestContext"]["authorizer"]["iam"]["userArn"]).partition(":assumed-role/")
    return rest.partition("/")[2] if kind else ""


def without_session(arn: str) -> str:
    """`arn:aws:sts::1:assumed-role/Role/session` without `/session`; other ARNs unchanged."""
    head, kind, rest = arn.partition(":assumed-role/")
    return head + kind + rest.partition("/")[0]


def idempotency_key(header: str | None) -> str | None:
    """The key of an `Idempotency-Key` header, quoted or bare; None without a header. Raises Invalid."""
    if header is None:
        return None
    key = header.strip()
    if len(key) >= 2 and key.startswith('"') and key.endswith('"'):
        key = re.sub(r'\\(["\\])', r"\1", key[1:-1])
    if not _VISIBLE.fullmatch(key):
        raise Invalid.field(
            parameter("header", "idempotency-key"), "invalid_key", "Must be 1 to 255 visible ASCII characters."
        )
    return key


def is_form(event: Mapping[str, Any]) -> bool:
    """Whether a browser sent a form."""
    return AS_FORM in event or _media_type(headers_of(event).get("content-type")) == FORM


def form_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields of a posted form. Raises UnsupportedMediaType, MalformedRequest, PayloadTooLarge."""
    if _media_type(headers_of(event).get("content-type")) != FORM:
        raise UnsupportedMediaType(f"Unsupported Content-Type. Send {FORM}.")
    try:
        return parse_qs(text_of(raw_body(event)), keep_blank_values=True, max_num_fields=FORM_FIELDS_LIMIT)
    except ValueError as error:
        raise MalformedRequest(
            f"Form can't be parsed. It must be UTF-8 with at most {FORM_FIELDS_LIMIT:,} fields."
        ) from error


def raw_body(event: Mapping[str, Any]) -> bytes:
    """The body in bytes, as it was sent. Raises MalformedRequest, PayloadTooLarge."""
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest("Request body can't be decoded. Send UTF-8.") from error
    if len(raw) > BODY_LIMIT:
        raise PayloadTooLarge(f"Request body is {len(raw):,} bytes; the limit is {BODY_LIMIT:,}.")
    return raw


def text_of(raw: bytes) -> str:
    """The body as text. Raises MalformedRequest."""
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest("Request body is not UTF-8.") from error


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a body. Raises MalformedRequest, Invalid."""
    body = parse(text)
    if not isinstance(body, dict):
        raise Invalid.field("", "wrong_type", "Request body must be a JSON object.")
    return body


@lru_cache(maxsize=64)  # callers write few, and the parser is slow
def is_json(content_type: str | None, *, patch: bool = False) -> bool:
    """Whether a `Content-Type` says JSON in UTF-8; with `patch`, or a JSON merge patch."""
    charset = _parsed(content_type).get_content_charset("utf-8")
    known = ("application/json", MERGE_PATCH) if patch else ("application/json",)
    return _media_type(content_type) in known and charset in ("utf-8", "utf8", "us-ascii")


@lru_cache(maxsize=64)
def _media_type(content_type: str | None) -> str:
    return _parsed(content_type).get_content_type()


def _parsed(content_type: str | None) -> Headers:
    headers = Headers()
    headers["content-type"] = content_type or "none/none"
    return headers
