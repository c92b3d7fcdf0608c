"""The tables as data: the stack, the integration tests and the in-memory AWS are built from this.

Every table has a partition key `pk`, a sort key `sk` and a TTL attribute `ttl` (epoch seconds; for
retention only, never for timing: DynamoDB may lag by days).
"""

from __future__ import annotations

from fanfare.data_classes import dataclass


@dataclass(frozen=True)
class Index:
    """A global secondary index. `include`: attributes projected in addition to the keys."""

    name: str
    hash: str
    range: str
    include: tuple[str, ...] = ()
    what: str = ""  # its purpose, for docs/data-model.md


@dataclass(frozen=True)
class TableSpec:
    """A table; one repository module owns it."""

    name: str
    indexes: tuple[Index, ...] = ()


DUE = Index("due", hash="due_shard", range="due_at", what="overdue work; sparse: only unfinished items carry its keys")
RECENT = Index(
    "recent",
    hash="recent_shard",
    range="id",
    what="lists of messages, newest first",
    include=("state", "topic", "created_at"),
)

LISTED = Index("listed", hash="listed", range="place", what="users by id, and nos by topic; sparse")

AUDIENCE = TableSpec("audience", indexes=(LISTED,))
CATALOGUE = TableSpec("catalogue")
MESSAGES = TableSpec("messages", indexes=(DUE, RECENT))
BATCHES = TableSpec("batches", indexes=(DUE,))
DELIVERIES = TableSpec("deliveries")
INBOX = TableSpec("inbox")

TABLES = (AUDIENCE, CATALOGUE, MESSAGES, BATCHES, DELIVERIES, INBOX)
