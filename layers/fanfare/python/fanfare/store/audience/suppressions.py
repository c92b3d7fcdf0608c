"""Suppressed addresses, and the soft bounces that cause suppressions."""

from __future__ import annotations

from collections.abc import Iterator

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.audience import Suppression
from fanfare.errors import ConditionFailed
from fanfare.store.audience.users import Users


class Suppressions:
    def __init__(self, table: DynamoTable, users: Users) -> None:
        self.table = table
        self.users = users

    def add(self, channel: str, address: str, cause: str, *, at: str) -> None:
        """Suppress an address on a channel. A repeat keeps the first cause."""
        try:
            self.table.update(
                f"suppression#{channel}",
                address,
                "SET cause = :cause, created_at = :at",
                condition="attribute_not_exists(pk)",
                values={":cause": cause, ":at": at},
            )
        except ConditionFailed as known:
            cause = str((known.found or {}).get("cause", cause))
        self._copy_to_users(channel, address, cause)

    def remove(self, channel: str, address: str) -> None:
        """Remove a suppression. Idempotent."""
        self.table.write_many([], deletes=[(f"suppression#{channel}", address), (f"bounces#{channel}", address)])
        self._copy_to_users(channel, address, None)

    def get(self, channel: str, address: str) -> Suppression | None:
        """The suppression of an address; None if it is not suppressed."""
        item = self.table.get(f"suppression#{channel}", address)
        return _suppression(item) if item else None

    def of_channel(self, channel: str, *, after: str | None, limit: int) -> Iterator[Suppression]:
        """The suppressed addresses of a channel, in order."""
        return map(_suppression, self.table.query(f"suppression#{channel}", KeyRange(after=after), limit=limit))

    def count_soft_bounces(
        self, channel: str, address: str, message_id: str, *, at: str, since: str, forget: int
    ) -> int:
        """Count a soft bounce. Returns the number of messages that bounced at the address since `since`.

        Each message has its own attribute, so a repeated receipt changes nothing. `forget`: TTL in epoch seconds.
        """
        item = self.table.update(
            f"bounces#{channel}",
            address,
            "SET #message = :at, #ttl = :forget",
            values={":at": at, ":forget": forget},
            names={"#message": f"message#{message_id}", "#ttl": "ttl"},
        )
        return sum(name.startswith("message#") and when >= since for name, when in item.items())

    def _copy_to_users(self, channel: str, address: str, cause: str | None) -> None:
        for user_id in self.users.at_address(channel, address):
            self.users.copy_suppression(user_id, channel, address, cause)


def _suppression(item: Item) -> Suppression:
    return Suppression(
        channel=item["pk"].partition("#")[2], address=item["sk"], cause=item["cause"], created_at=item["created_at"]
    )
