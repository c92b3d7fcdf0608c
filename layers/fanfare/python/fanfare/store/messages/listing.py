"""Lists of messages, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.message import Message
from fanfare.store.messages.rows import RECENT_SHARDS, message_pk, read_message

# What a list with a filter reads for a page: rows of each shard per call, and calls; 10,000 rows in all
LOOK_AT, LOOKS = 500, 5


class MessageListing:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def recent(
        self, *, before: str | None, limit: int, state: str | None = None, topic: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of messages, newest first, and the id to go on `before` (None after the last).

        With a filter it may have fewer than `limit`, or none, and still go on: it reads `LOOKS` times and no more.
        """
        filtered = state is not None or topic is not None
        size = max(limit + 1, LOOK_AT) if filtered else limit + 1
        wanted: list[Message] = []
        position = before or "g"  # after every id: they are hexadecimal
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
        """Rows of the index, `size` of each shard, newest first, and the id that they reach down to (None: the end)."""
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
        # a shard that has more says nothing of what is older than its last row
        reached = max((str(page[-1]["id"]) for page in pages if len(page) == size), default=None)
        rows = [row for page in pages for row in page if reached is None or row["id"] >= reached]
        return sorted(rows, key=lambda row: str(row["id"]), reverse=True), reached

    def _as_they_are(self, message_ids: Sequence[str], state: str | None) -> list[Message]:
        """Messages in this order: the index lags a little behind the table."""
        found = self.table.get_many([(message_pk(message_id), "message") for message_id in message_ids])
        items = [found[key] for message_id in message_ids if (key := (message_pk(message_id), "message")) in found]
        return [read_message(item) for item in items if state is None or item["state"] == state]
