"""Every API call of the console, as data: the policies of viewers, editors and operators are built from it."""

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
# An editor writes what is sent, and sends it. Whoever may post a message may reach any address.
EDITOR: Final = (
    *VIEWER,
    "GET /v1/messages/*",  # contents, too
    "PUT /v1/templates/*",
    "POST /v1/messages",
    "DELETE /v1/messages/*",
)
OPERATOR: Final = (
    *EDITOR,
    "POST /v1/messages/*/redrives",
    "GET /v1/users",
    "POST /v1/users",  # the file of an upload
    "GET /v1/users/*",
    "PUT /v1/users/*/subscriptions/*",  # also against a person's no, with evidence of their new yes
    "DELETE /v1/users/*/subscriptions/*",
    "POST /v1/topics/*/subscriptions",
    "GET /v1/suppressions",
    "POST /v1/suppressions",
    "GET /v1/suppressions/*",
    "PUT /v1/suppressions/*",
    "DELETE /v1/suppressions/*",
)
CALLS: Final[Mapping[str, tuple[str, ...]]] = {"Viewer": VIEWER, "Editor": EDITOR, "Operator": OPERATOR}
