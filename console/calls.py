"""Every API call of the console, as data: the viewer policy and the operator policy are built from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# `*` in IAM matches slashes too: `GET /v1/messages/*` includes a message's deliveries and explanations.
VIEWER: Final = (
    "GET /v1/messages",
    "GET /v1/messages/*",
    "GET /v1/topics",
    "GET /v1/topics/*",
    "GET /v1/templates",
    "GET /v1/templates/*",
    "POST /v1/templates/*/previews",  # renders, and stores nothing
    "GET /v1/users/*",
    "GET /v1/suppressions",
    "GET /v1/suppressions/*",
    "GET /v1/queues",
)
OPERATOR: Final = (
    *VIEWER,
    "DELETE /v1/messages/*",
    "POST /v1/messages/*/redrives",
    "PUT /v1/suppressions/*",
    "DELETE /v1/suppressions/*",
)
CALLS: Final[Mapping[str, tuple[str, ...]]] = {"Viewer": VIEWER, "Operator": OPERATOR}
