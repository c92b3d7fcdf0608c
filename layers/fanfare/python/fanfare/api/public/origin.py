"""Where a request came from, and whether through the deployer's own proxy.

API Gateway's own name can be called by anybody, past the proxy and what it does against floods. The proxy therefore
sends a key of the secret OriginKeys in the header that the deployer names.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from fanfare.api.requests import headers_of
from fanfare.errors import Forbidden
from fanfare.runtime.settings import settings
from fanfare.runtime.signing import origin_keys
from fanfare.self_service.sign_up import source


def source_of(event: Mapping[str, Any]) -> str:
    """IP address of the caller: from the header of the deployment's proxy if configured, else from API Gateway."""
    header = settings().source_header
    told = headers_of(event).get(header.lower()) if header else None
    return source(told, seen=event["requestContext"]["http"]["sourceIp"])


def check_origin(event: Mapping[str, Any]) -> None:
    """Raises Forbidden if the deployment has a proxy that proves itself, and this request did not come through it."""
    header = settings().origin_header
    if header is None:
        return
    sent = headers_of(event).get(header.lower(), "").encode()
    # every key is compared, and each in constant time
    known = [hmac.compare_digest(sent, key.encode()) for key in origin_keys().values()]
    if not any(known):
        raise Forbidden("Request did not come through the proxy of this deployment. Use its public URL.")
