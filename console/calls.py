"""Every API call of the console, as data: the viewer policy and the operator policy are built from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# `*` in IAM matches slashes too, `?` is exactly one character. A viewer sees no addresses and no contents.
MESSAGE: Final = "????????-????-????-????-????????????"
VIEWER: Final = (
    "GET /v1/messages",
    f"GET /v1/messages/{MESSAGE}",
    "GET /v1/messages/*/deliveries",
    "GET /v1/messages/*/explanations/*",
    "GET /v1/topics",
    "GET /v1/topics/*",
    "GET /v1/templates",
    "GET /v1/templates/*",
    "POST /v1/templates/*/previews",  # renders, and stores nothing
    "GET /v1/masked/*",
    "GET /v1/users/*/subscriptions",
    "GET /v1/users/*/deliveries",
    "GET /v1/users/*/consents",
    "GET /v1/users/*/digests",
    "GET /v1/users/*/digests/*",
    "GET /v1/queues",
)
OPERATOR: Final = (
    *VIEWER,
    "GET /v1/messages/*",
    "GET /v1/users/*",
    "GET /v1/suppressions",
    "GET /v1/suppressions/*",
    "DELETE /v1/messages/*",
    "POST /v1/messages/*/redrives",
    "PUT /v1/suppressions/*",
    "DELETE /v1/suppressions/*",
)
CALLS: Final[Mapping[str, tuple[str, ...]]] = {"Viewer": VIEWER, "Operator": OPERATOR}
