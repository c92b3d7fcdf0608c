"""What mail programs and scanners do to the links in mails: HEAD requests, and characters after the token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from fanfare.api.requests import method_of

PREFIXES: Final = ("/v1/confirmations/", "/v1/preferences/", "/v1/unsubscribe/", "/v1/views/")
LINK: Final = re.compile(
    f"((?:{'|'.join(PREFIXES)})[A-Za-z0-9._-]*[A-Za-z0-9_-])([^A-Za-z0-9_-].*)",
    re.DOTALL,
)


def as_written(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event with the link as it was written: without a slash, quote or invisible character after its token.

    What has letters or digits is no such thing: it stays, and no token fits it.
    """
    found = LINK.fullmatch(str(event.get("rawPath", "")))
    if found is None or any(each.isalnum() for each in unquote(found[2])):
        return event
    return {**event, "rawPath": found[1]}


def for_get(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A HEAD request for a page as the GET request that it asks about; None if it is another request."""
    context, path = event["requestContext"], str(event.get("rawPath", ""))
    if method_of(event) != "HEAD" or not (path == "/" or path.startswith(PREFIXES)):
        return None
    return {**event, "requestContext": {**context, "http": {**context["http"], "method": "GET"}}}
