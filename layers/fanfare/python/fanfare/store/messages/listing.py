"""Lists of messages, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.message import Message
from fanfare.store.messages.rows import RECENT_SHARDS, message_pk, read_message

# Reads of one page with a filter: rows per shard and call, and calls; 10,000 rows in all
LOOK_AT, LOOKS = 500, 5


class MessageListing:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def recent(
        self, *, before: str | None, limit: int, state: str | None = None, topic: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of messages, newest first, and the id to continue `before` (None at the end).

        With a filter, a page may have fewer than `limit`, or none, and still continue: it reads at most `LOOKS` times.
        """
        filtered = state is not None or topic is not None
        size = max(limit + 1, LOOK_AT) if filtered else limit + 1
        wanted: list[Message] = []
        position = before or "g"  # greater than all ids, which are hexadecimal
        for _ in range(LOOKS):
            rows, reached = self._newest(position, size)
            ids = [
                row["id"]
                for row in rows
                if (state is None or row["state"] == state) and (topic is None or row.get("topic") == topic)
            ]
            for start in range(0, len(ids), limit + 1):
                wanted += self._as_they_are(ids[start : start + limit + 1], state)
                if len(wanted) > limit:
                    return wanted[:limit], wanted[limit - 1].id
            if reached is None:
                return wanted, None
            position = reached
        return wanted, position

    def _newest(self, before: str, size: int) -> tuple[list[Item], str | None]:
        """Up to `size` rows per shard of the index, newest first, and the oldest complete id (None: the end)."""
        pages = [
            self.table.query_index(
                "recent",
                ("recent_shard", f"recent#{shard}"),
                ("id", "<", before),
                limit=size,
                newest_first=True,
            )
            for shard in range(RECENT_SHARDS)
        ]
        # rows older than the last row of a shard with more rows are incomplete
        reached = max((str(page[-1]["id"]) for page in pages if len(page) == size), default=None)
        rows = [row for page in pages for row in page if reached is None or row["id"] >= reached]
        return sorted(rows, key=lambda row: str(row["id"]), reverse=True), reached

    def _as_they_are(self, message_ids: Sequence[str], state: str | None) -> list[Message]:
        """Messages in this order, read from the table, because the index lags slightly behind it."""
        found = self.table.get_many([(message_pk(message_id), "message") for message_id in message_ids])
        items = [found[key] for message_id in message_ids if (key := (message_pk(message_id), "message")) in found]
        return [read_message(item) for item in items if state is None or item["state"] == state]
