"""Public documents: caches may keep them, and a client that has the version gets no copy (RFC 9110, section 8.8.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from fanfare.api.requests import headers_of

# Long enough to keep a flood off the function, short enough for the first hour after a deployment
CACHED: Final = "public, max-age=300"


def cached(event: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with `ETag` and `Cache-Control`; 304 without a body if the client names its version."""
    tag = f'"{hashlib.sha256(answer["body"].encode()).hexdigest()[:32]}"'
    headers = {**answer["headers"], "Cache-Control": CACHED, "ETag": tag}
    if not _names(headers_of(event).get("if-none-match", ""), tag):
        return {**answer, "headers": headers}
    kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return {**answer, "statusCode": 304, "headers": kept, "body": ""}


def _names(header: str, tag: str) -> bool:
    """Whether an `If-None-Match` has the tag. Comparison is weak: a proxy that compresses makes a tag weak."""
    named = [each.strip().removeprefix("W/") for each in header.split(",")]
    return tag in named or named == ["*"]
