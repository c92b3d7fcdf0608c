"""The windows of digests, in the batches table. Their items are the deliveries of their readers.

    pk               sk                 what
    digests#<user>   now#<group>        the newest window of a topic, channel and key, by a hash of these
    digests#<user>   window#<id>        a window: when it closes, its number of items and, when closed, the digest

An item is added, and a window closed, by a write whose condition is that the window is open. So each item is in
exactly one digest. A window is opened on the condition that the newest one of its group is the one that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.clock import to_text
from fanfare.domain.digests.windows import Current, Gathered, Group, Window, lowered
from fanfare.errors import ConditionFailed
from fanfare.ids import shard_of

DUE_SHARDS: Final = 4
DUE: Final = "digests"  # in the index `due`
OPEN: Final = "attribute_exists(pk) AND attribute_not_exists(message_id)"
ITEMS_TO_OPEN: Final = 2  # of a transaction; an item added to an open window changes one
Key = tuple[str, str]


class Windows:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def current(self, groups: Iterable[Group]) -> dict[Group, Current]:
        """The newest window of each group; strongly consistent."""
        keys = {group: _newest_key(group) for group in groups}
        newest = {key: item["digest_id"] for key, item in self.table.get_many(keys.values()).items()}
        windows = self.get_many((group.user_id, newest[key]) for group, key in keys.items() if key in newest)
        found: dict[Group, Current] = {}
        for group, key in keys.items():
            name = newest.get(key)
            window = windows.get((group.user_id, name)) if name is not None else None
            found[group] = Current(name, window if window is not None and not window.closed else None)
        return found

    def get_many(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Window]:
        """Windows by (user id, id); strongly consistent."""
        keys = [_key(user_id, name) for user_id, name in wanted]
        windows = [_window(item) for item in self.table.get_many(keys).values()]
        return {(window.group.user_id, window.id): window for window in windows}

    def get(self, user_id: str, name: str) -> Window | None:
        """A window; strongly consistent."""
        return self.get_many([(user_id, name)]).get((user_id, name))

    def of_user(self, user_id: str, *, after: str | None = None) -> Iterator[Window]:
        """The windows of a user that are kept, oldest first, after one of this id."""
        position = f"window#{after}" if after is not None else None
        for item in self.table.query(f"digests#{user_id}", KeyRange(prefix="window#", after=position)):
            yield _window(item)

    def due(self, now: datetime, *, page: int) -> Iterator[tuple[str, str]]:
        """(User id, id) of open windows that are due, longest overdue first, read lazily."""
        for row in self.table.overdue(to_text(now), shards=DUE_SHARDS, page=page, prefix=DUE):
            yield str(row["pk"]).removeprefix("digests#"), str(row["sk"]).removeprefix("window#")

    def close_by(self, window: Window, at: datetime) -> None:
        """Have a window closed at this time, if it is still open."""
        with suppress(ConditionFailed):
            self.table.update(
                *_key(window.group.user_id, window.id),
                "SET closes_at = :at, due_at = :at",
                condition=OPEN,
                values={":at": to_text(at)},
            )

    # As parts of a transaction

    def add(self, transaction: Transaction, gathered: Gathered, message_id: str, retain_until: int) -> None:
        """Count an item in its window, which is opened if need be. The part is named by `part_of`."""
        window, name = gathered.window, part_of(gathered.window.group)
        if gathered.opens:
            transaction.put(self.table, _item(window, 1), condition="attribute_not_exists(pk)", name=name)
            newest = _newest_key(window.group)
            pointer = {"pk": newest[0], "sk": newest[1], "digest_id": window.id, "ttl": window.retain_until}
            # no window of the group was opened since the read
            condition = "attribute_not_exists(pk)" if gathered.after is None else "digest_id = :after"
            values = {":after": gathered.after} if gathered.after is not None else None
            transaction.put(self.table, pointer, condition=condition, values=values, name=name)
            return
        lower = lowered(window, message_id, retain_until)
        sets = f" SET {', '.join(f'#{each} = :{each}' for each in lower)}" if lower else ""
        transaction.update(
            self.table,
            _key(window.group.user_id, window.id),
            f"ADD #count :one{sets}",
            # open, and not lowered further meanwhile
            condition=" AND ".join((OPEN, *(f"#{each} > :{each}" for each in lower))),
            values={":one": 1, **{f":{each}": value for each, value in lower.items()}},
            names={"#count": "count", **{f"#{each}": each for each in lower}},
            name=name,
        )

    def take_out(self, transaction: Transaction, user_id: str, name: str) -> None:
        """Count an item that is taken out of an open window. The part is named by the window."""
        transaction.update(
            self.table,
            _key(user_id, name),
            "ADD #count :less",
            condition=OPEN,
            values={":less": -1},
            names={"#count": "count"},
            name=name,
        )

    def close(self, transaction: Transaction, window: Window, message_id: str) -> None:
        """Close a window: its reader becomes a recipient of this digest."""
        transaction.update(
            self.table,
            _key(window.group.user_id, window.id),
            "SET message_id = :digest REMOVE due_at, due_shard",
            # open, and with the items that were counted for the digest
            condition=f"{OPEN} AND #count = :count",
            values={":digest": message_id, ":count": window.count},
            names={"#count": "count"},
            name=window.id,
        )

    def erase(self, window: Window) -> None:
        """Remove a window with all its items, if it is still open."""
        transaction = Transaction().delete(self.table, _key(window.group.user_id, window.id), condition=OPEN)
        with suppress(ConditionFailed):
            transaction.run()

    def forget(self, user_id: str, *, limit: int) -> bool:
        """Delete up to `limit` items of a user. Returns whether that was all; if not, repeat."""
        pk = f"digests#{user_id}"
        rows = list(self.table.query(pk, limit=limit, names=["sk"]))
        self.table.write_many([], deletes=[(pk, row["sk"]) for row in rows])
        return len(rows) < limit

    def drop(self, window: Window) -> None:
        """Remove a window without items, if it still has none."""
        transaction = Transaction().delete(
            self.table,
            _key(window.group.user_id, window.id),
            condition=f"{OPEN} AND #count = :none",
            values={":none": 0},
            names={"#count": "count"},
        )
        with suppress(ConditionFailed):
            transaction.run()


def part_of(group: Group) -> str:
    """The name of the part of a transaction that adds an item to a group."""
    return f"window {group.user_id} {group.name}"


def _newest_key(group: Group) -> Key:
    return f"digests#{group.user_id}", f"now#{group.name}"


def _key(user_id: str, name: str) -> Key:
    return f"digests#{user_id}", f"window#{name}"


def _item(window: Window, count: int) -> Item:
    pk, sk = _key(window.group.user_id, window.id)
    return {
        "pk": pk,
        "sk": sk,
        "topic": window.group.topic,
        "channel": window.group.channel,
        "key": window.group.key,
        "template": window.template,
        "count": count,
        "first": window.first,
        "first_at": window.first_at,
        "closes_at": window.closes_at,
        "due_at": window.closes_at,
        "due_shard": f"{DUE}#{shard_of(window.id, DUE_SHARDS)}",
        "ttl": window.retain_until,
    }


def _window(item: Item) -> Window:
    user_id = item["pk"].removeprefix("digests#")
    return Window(
        id=item["sk"].removeprefix("window#"),
        group=Group(user_id, item["topic"], item["channel"], item.get("key")),
        closes_at=item["closes_at"],
        first=item["first"],
        first_at=item["first_at"],
        template=item["template"],
        retain_until=item["ttl"],
        count=item["count"],
        message_id=item.get("message_id"),
    )
