"""What an import sends, with its result."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..records import to_json

PAGE: Final = 100  # items that are read at once
BYTES: Final = 1 << 20  # and about how many


@dataclass
class Item:
    """What is sent. `places`: field → row; "" is the row of the whole. `state`: pending, done, kept, rejected."""

    step: int
    key: str
    body: dict[str, Any]
    places: dict[str, int] = field(default_factory=dict)
    user: str | None = None
    state: str = "pending"
    verdict: str | None = None
    n: int = 0


class Items:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, items: Iterable[Item]) -> None:
        self._db.executemany(
            "INSERT INTO items (step, key, user, body, places, state, verdict) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (step, key) DO UPDATE SET body = excluded.body, places = excluded.places",
            (
                (each.step, each.key, each.user, to_json(each.body), to_json(each.places), each.state, each.verdict)
                for each in items
            ),
        )

    def pending(self, step: int, *, after: int = 0, limit: int = -1) -> list[Item]:
        found = self._db.execute(
            "SELECT n, step, key, user, body, places, state, verdict FROM items "
            "WHERE step = ? AND state = 'pending' AND n > ? ORDER BY n LIMIT ?",
            (step, after, limit),
        )
        return [_item(row) for row in found]

    def pending_by_key(self, step: int, *, after: str, limit: int) -> list[Item]:
        """At most `limit`, and fewer if they are large."""
        found = self._db.execute(
            "SELECT n, step, key, user, body, places, state, verdict FROM items "
            "WHERE step = ? AND state = 'pending' AND key > ? ORDER BY key LIMIT ?",
            (step, after, limit),
        )
        items: list[Item] = []
        size = 0
        for row in found:
            items.append(_item(row))
            size += len(row[4])
            if size > BYTES:
                break
        return items

    def each_pending(self, step: int) -> Iterator[Item]:
        """All of them; some are in memory."""
        after = 0
        while items := self.pending(step, after=after, limit=PAGE):
            yield from items
            after = items[-1].n

    def get(self, step: int, key: str) -> Item | None:
        row = self._db.execute(
            "SELECT n, step, key, user, body, places, state, verdict FROM items WHERE step = ? AND key = ?", (step, key)
        ).fetchone()
        return _item(row) if row else None

    def settle(self, items: Iterable[Item]) -> None:
        """Store the states, verdicts and bodies of items."""
        self._db.executemany(
            "UPDATE items SET state = ?, verdict = ?, body = ? WHERE n = ?",
            [(each.state, each.verdict, to_json(each.body), each.n) for each in items],
        )

    def drop_channel(self, user: str, channel: str, step: int) -> None:
        """Remove what is pending of a user on a channel, e.g. because the address is not accepted."""
        self._db.execute(
            "DELETE FROM items WHERE user = ? AND step = ? AND state = 'pending' "
            "AND json_extract(body, '$.channel') = ?",
            (user, step, channel),
        )

    def reject_rows(self, user: str) -> list[int]:
        """The rows of a user. That they were skipped for another one counts no more."""
        found = self._db.execute("SELECT DISTINCT place FROM rows WHERE kind = 'user' AND key = ?", (user,)).fetchall()
        self._db.executemany("DELETE FROM left_out WHERE place = ? AND outcome = 'skipped'", found)
        return [place for (place,) in found]

    def note_changes(self, user: str, changes: Mapping[str, Sequence[Any]]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?)",
            [(user, name, to_json(old), to_json(new)) for name, (old, new) in changes.items()],
        )


def _item(row: Sequence[Any]) -> Item:
    n, step, key, user, body, places, state, verdict = row
    return Item(step, key, json.loads(body), json.loads(places), user, state, verdict, n)
