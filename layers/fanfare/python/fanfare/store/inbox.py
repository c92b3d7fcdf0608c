"""The inbox table: the notes that users read through the public API.

pk            sk             what
user#<id>     <message id>   title, body, time of arrival, time of reading
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.errors import ConditionFailed


@dataclass(frozen=True, kw_only=True)
class Note:
    """One entry of an inbox."""

    message_id: str
    title: str
    body: str
    at: str
    read_at: str | None = None


class Inboxes:
    def __init__(self, table: DynamoTable, *, clock: Clock, retention: timedelta) -> None:
        self.table = table
        self.clock = clock
        self.retention = retention

    def put(self, notes: Sequence[tuple[str, str, str, str]]) -> None:
        """Store (user id, message id, title, body), 25 per call. Idempotent."""
        now = self.clock()
        forget = int((now + self.retention).timestamp())
        self.table.write_many(
            [
                {"pk": f"user#{user}", "sk": message, "title": title, "body": body, "at": to_text(now), "ttl": forget}
                for user, message, title, body in notes
            ]
        )

    def of_user(self, user_id: str, *, before: str | None, limit: int) -> Iterator[Note]:
        """A user's notes, newest first."""
        return map(_note, self.table.query(f"user#{user_id}", KeyRange(before=before), limit=limit, newest_first=True))

    def read_by(self, user_ids: Iterable[str], message_id: str) -> set[str]:
        """The users who have read their note of the message; strongly consistent."""
        found = self.table.get_many([(f"user#{user_id}", message_id) for user_id in user_ids])
        return {pk.removeprefix("user#") for (pk, _), item in found.items() if "read_at" in item}

    def unread(self, user_id: str) -> int:
        """The number of unread notes of the user."""
        return sum("read_at" not in item for item in self.table.query(f"user#{user_id}", names=["sk", "read_at"]))

    def read(self, user_id: str, message_id: str) -> Note | None:
        """Mark a note as read; keeps the first time. None if it does not exist."""
        try:
            item = self.table.update(
                f"user#{user_id}",
                message_id,
                "SET read_at = if_not_exists(read_at, :now)",
                condition="attribute_exists(pk)",
                values={":now": to_text(self.clock())},
            )
        except ConditionFailed:
            return None
        return _note(item)

    def erase(self, user_id: str, *, limit: int) -> bool:
        """Delete up to `limit` notes of a user. Returns whether that was all; if not, repeat."""
        pk = f"user#{user_id}"
        rows = list(self.table.query(pk, limit=limit, names=["sk"]))
        self.table.write_many([], deletes=[(pk, row["sk"]) for row in rows])
        return len(rows) < limit


def _note(item: Item) -> Note:
    return Note(
        message_id=item["sk"], title=item["title"], body=item["body"], at=item["at"], read_at=item.get("read_at")
    )
