"""Suppressed addresses, and the bounces that cause suppressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.audience import Suppression, SuppressionChange
from fanfare.errors import ConditionFailed
from fanfare.store.audience.users import Users

SuppressionChanged = Callable[[SuppressionChange], None]

# Prefixes of attributes: messages that bounced softly, and for good
SOFT: Final = "message#"
PERMANENT: Final = "permanent:"
REMOVED: Final = 50  # attributes per call: an expression has at most 4 KB


class Suppressions:
    """`changed` is called with changes after they are stored."""

    def __init__(self, table: DynamoTable, users: Users, *, changed: SuppressionChanged | None = None) -> None:
        self.table = table
        self.users = users
        self.changed = changed

    def add(self, channel: str, address: str, cause: str, *, at: str) -> bool:
        """Suppress an address on a channel. A repeat keeps the first cause. Whether it is new."""
        new = True
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
            new = False
        users = self._copy_to_users(channel, address, cause)
        if new:
            self._tell(channel, cause, at, users)
        return new

    def remove(self, channel: str, address: str, *, at: str = "") -> None:
        """Remove a suppression. Idempotent."""
        before = self.get(channel, address)
        for row in (f"suppression#{channel}", f"bounces#{channel}"):
            self.table.delete(row, address)
        users = self._copy_to_users(channel, address, None)
        if before is not None:
            self._tell(channel, None, at, users)

    def get(self, channel: str, address: str) -> Suppression | None:
        """The suppression of an address; None if it is not suppressed."""
        item = self.table.get(f"suppression#{channel}", address)
        return _suppression(item) if item else None

    def of_channel(self, channel: str, *, after: str | None, limit: int) -> Iterator[Suppression]:
        """The suppressed addresses of a channel, in order."""
        return map(_suppression, self.table.query(f"suppression#{channel}", KeyRange(after=after), limit=limit))

    def note_bounce(
        self, channel: str, address: str, message_id: str, *, permanent: bool, at: str, forget: int
    ) -> dict[str, tuple[str, bool]]:
        """Note that a message bounced. Returns all noted ones: message → when, and whether for good.

        Each message has its own attribute, so a repeated receipt changes nothing. `forget`: TTL in epoch seconds.
        """
        kind = PERMANENT if permanent else SOFT
        item = self.table.update(
            f"bounces#{channel}",
            address,
            "SET #message = :at, #ttl = :forget",
            values={":at": at, ":forget": forget},
            names={"#message": f"{kind}{message_id}", "#ttl": "ttl"},
        )
        return {
            name.removeprefix(prefix): (str(when), prefix == PERMANENT)
            for name, when in item.items()
            for prefix in (SOFT, PERMANENT)
            if name.startswith(prefix)
        }

    def forget_bounces(self, channel: str, address: str, message_ids: Iterable[str]) -> None:
        """Remove noted bounces: something was delivered after them."""
        names = [f"{kind}{message}" for message in message_ids for kind in (SOFT, PERMANENT)]
        for chunk in (names[start : start + REMOVED] for start in range(0, len(names), REMOVED)):
            places = {f"#m{place}": name for place, name in enumerate(chunk)}
            self.table.update(f"bounces#{channel}", address, f"REMOVE {', '.join(places)}", names=places)

    def _copy_to_users(self, channel: str, address: str, cause: str | None) -> list[str]:
        """The ids of the users who have the address, after the copy."""
        users = self.users.at_address(channel, address)
        for user_id in users:
            self.users.copy_suppression(user_id, channel, address, cause)
        return users

    def _tell(self, channel: str, cause: str | None, at: str, users: Sequence[str]) -> None:
        if self.changed is not None:
            self.changed(SuppressionChange(channel=channel, cause=cause, at=at, user_ids=tuple(users)))


def _suppression(item: Item) -> Suppression:
    return Suppression(
        channel=item["pk"].partition("#")[2], address=item["sk"], cause=item["cause"], created_at=item["created_at"]
    )
