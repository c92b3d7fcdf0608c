"""Services that see only their own messages, if the deployment wants that (`own_messages_only`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fanfare.api.requests import principal
from fanfare.errors import NotFound
from fanfare.insight.messages import find_message
from fanfare.runtime import stores
from fanfare.runtime.settings import settings

OF_ONE: Final = re.compile(r"/v1/messages/(?P<id>[^/]+)(?:/.*)?")


def only_of(event: Mapping[str, Any]) -> str | None:
    """The service whose messages alone the caller may see: itself. None if the caller sees all."""
    known = settings()
    if not known.own_messages_only:
        return None
    caller = principal(event)
    return None if caller in known.message_overseers else caller


def check_owner(event: Mapping[str, Any]) -> None:
    """Raises NotFound, the same as for a message that does not exist, if the path is that of another's message."""
    found = OF_ONE.fullmatch(str(event.get("rawPath", "")))
    caller = only_of(event) if found else None
    if found and caller is not None and find_message(found["id"], stores.messages()).caller != caller:
        raise NotFound("No such message.", code="message_not_found")
