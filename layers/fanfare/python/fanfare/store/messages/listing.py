"""Lists of messages, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.data_classes import dataclass
from fanfare.domain.message import Message
from fanfare.ids import first_id_at
from fanfare.store.messages.rows import RECENT_SHARDS, message_pk, read_message

# Reads of one page with a filter: rows per shard and call, and calls; 10,000 rows in all
LOOK_AT, LOOKS = 500, 5
# the same if the items must be read, because the index does not have what is asked for; 2,000 in all
LOOK_AT_ITEMS = 100


@dataclass(frozen=True, kw_only=True)
class MessageFilter:
    """Which messages to list. `template`: its id. Created from `created_after` on, and before `created_before`.

    `caller`: only those of this service.
    """

    state: str | None = None
    topic: str | None = None
    template: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    caller: str | None = None

    @property
    def page_size(self) -> int:
        """The number of rows per shard to read at once, at least."""
        if self.template is not None or self.caller is not None:
            return LOOK_AT_ITEMS
        return LOOK_AT if self.state is not None or self.topic is not None else 0

    @property
    def first(self) -> str:
        """A text before the ids of the messages to list."""
        return first_id_at(self.created_after) if self.created_after else ""

    @property
    def end(self) -> str:
        """A text after the ids of the messages to list."""
        return first_id_at(self.created_before) if self.created_before else "g"  # ids are hexadecimal

    def fits_row(self, row: Item) -> bool:
        """Whether the row of the index may be of a message to list: the index lags slightly behind the table."""
        return self.state in (None, row["state"]) and self.topic in (None, row.get("topic"))

    def fits(self, item: Item) -> bool:
        """Whether the item is of a message to list."""
        template = item.get("template") or {}
        known = {"state": item["state"], "template": template.get("id"), "caller": item["caller"]}
        return all(getattr(self, name) in (None, value) for name, value in known.items())


class MessageListing:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def recent(
        self, *, before: str | None, limit: int, only: MessageFilter = MessageFilter()
    ) -> tuple[list[Message], str | None]:
        """A page of messages, newest first, and the id to continue `before` (None at the end).

        With a filter, a page may have fewer than `limit`, or none, and still continue: it reads at most `LOOKS` times.
        """
        size = max(limit + 1, only.page_size)
        wanted: list[Message] = []
        position = min(before, only.end) if before else only.end
        for _ in range(LOOKS):
            rows, reached = self._newest(position, size)
            ids = [row["id"] for row in rows if row["id"] > only.first and only.fits_row(row)]
            for start in range(0, len(ids), limit + 1):
                wanted += self._as_they_are(ids[start : start + limit + 1], only)
                if len(wanted) > limit:
                    return wanted[:limit], wanted[limit - 1].id
            if reached is None or reached < only.first:
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

    def _as_they_are(self, message_ids: Sequence[str], only: MessageFilter) -> list[Message]:
        """Messages in this order, read from the table, because the index lags slightly behind it."""
        found = self.table.get_many([(message_pk(message_id), "message") for message_id in message_ids])
        items = [found[key] for message_id in message_ids if (key := (message_pk(message_id), "message")) in found]
        return [read_message(item) for item in items if only.fits(item)]
