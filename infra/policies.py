"""What services and people may call of the internal API, as data: a managed policy each, an output of the stack.

IAM sees the method and the path of a call. `*` matches slashes, too; `?` is exactly one character. A policy that
withholds something denies it, because an allowed `*` would include it; it is then denied to whoever has that policy,
whatever else they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from console.calls import CALLS


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`lets` completes "Lets a service …". Calls are `METHOD /path`."""

    lets: str
    allows: tuple[str, ...]
    withholds: tuple[str, ...] = ()


CONTRACT: Final = "GET /openapi.json"
SENDER: Final = Policy(
    lets="a service send messages and see their outcomes",
    allows=(
        CONTRACT,
        "POST /v1/messages",
        "GET /v1/messages",
        "GET /v1/messages/*",
        "DELETE /v1/messages/*",
        "POST /v1/messages/*/redrives",
        "GET /v1/topics",
        "GET /v1/topics/*/counts",
        "GET /v1/templates",
        "GET /v1/templates/*",
        "POST /v1/templates/*/previews",
    ),
)
AUDIENCE: Final = Policy(
    lets="a service keep users, subscriptions and suppressions",
    allows=(
        CONTRACT,
        "GET /v1/users",
        "POST /v1/users",
        "* /v1/users/*",
        "GET /v1/topics",
        "GET /v1/topics/*",
        "POST /v1/topics/*/subscriptions",
        "GET /v1/suppressions",
        "POST /v1/suppressions",
        "GET /v1/suppressions/*",
        "PUT /v1/suppressions/*",
    ),
    # a person's own no; and, by leaving DELETE out above, what protects an address
    withholds=("PUT /v1/users/*/resubscription",),
)
AUTHOR: Final = Policy(
    lets="a service or person write topics, templates and the brand",
    allows=(
        CONTRACT,
        "GET /v1/topics",
        "GET /v1/topics/*",
        "PUT /v1/topics/*",
        "DELETE /v1/topics/*",
        "GET /v1/templates",
        "* /v1/templates/*",
        "GET /v1/brand",
        "PUT /v1/brand",
    ),
)
ADMIN: Final = Policy(lets="an administrator use the whole internal API", allows=("* /*",))
# A name is part of the policy's construct id and of the output: it is deployed
POLICIES: Final[Mapping[str, Policy]] = {
    # The one policy of earlier deployments, attached to their services
    "Service": Policy(lets="a service use the whole internal API", allows=("* /*",)),
    "Sender": SENDER,
    "Audience": AUDIENCE,
    "Author": AUTHOR,
    "Admin": ADMIN,
    **{
        name: Policy(lets=f"a person use Fanfare's console as {name.lower()}", allows=calls)
        for name, calls in CALLS.items()
    },
}
