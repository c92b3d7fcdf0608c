"""Suppressed addresses, and the bounces that cause suppressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.domain.audience import Suppression, SuppressionChange
from fanfare.errors import ConditionFailed
from fanfare.store.audience.users import Users

SuppressionsChanged = Callable[[Sequence[SuppressionChange]], None]

# Prefixes of attributes: messages that bounced softly, and for good
SOFT: Final = "message#"
PERMANENT: Final = "permanent:"
REMOVED: Final = 50  # attributes per call: an expression has at most 4 KB


class Suppressions:
    """`changed` is called with changes after they are stored."""

    def __init__(self, table: DynamoTable, users: Users, *, changed: SuppressionsChanged | None = None) -> None:
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
            self._tell([_change(channel, cause, at, users)])
        return new

    def add_many(self, wanted: Iterable[Suppression]) -> set[tuple[str, str]]:
        """`add` for many addresses, in few transactions. The (channel, address) of the new ones.

        Of one address, the first is kept. After a failure, some are stored and not copied to users; repeat.
        """
        told: dict[tuple[str, str], Suppression] = {}
        for each in wanted:
            told.setdefault((each.channel, each.address), each)
        found = self.table.get_many((f"suppression#{channel}", address) for channel, address in told)
        fresh = [each for (channel, address), each in told.items() if (f"suppression#{channel}", address) not in found]
        new: set[tuple[str, str]] = set()
        together: list[Suppression] = []
        for start in range(0, len(fresh), TRANSACTION_LIMIT):
            chunk = fresh[start : start + TRANSACTION_LIMIT]
            try:
                self._new(chunk).run()
            except ConditionFailed:  # another call suppressed one of them meanwhile
                new |= {(each.channel, each.address) for each in chunk if self._add(each)}
            else:
                together += chunk
        for pk, address in found:
            self._copy_standing(pk.partition("#")[2], address)
        users = [self._copy_standing(each.channel, each.address) for each in together]
        self._tell(
            [_change(each.channel, each.cause, each.created_at, ids) for each, ids in zip(together, users, strict=True)]
        )
        return new | {(each.channel, each.address) for each in together}

    def remove(self, channel: str, address: str, *, at: str = "") -> None:
        """Remove a suppression. Idempotent."""
        before = self.get(channel, address)
        for row in (f"suppression#{channel}", f"bounces#{channel}"):
            self.table.delete(row, address)
        users = self._copy_to_users(channel, address, None)
        if before is not None:
            self._tell([_change(channel, None, at, users)])

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

    def _new(self, suppressions: Iterable[Suppression]) -> Transaction:
        transaction = Transaction()
        for each in suppressions:
            row = {"pk": f"suppression#{each.channel}", "sk": each.address}
            row |= {"cause": each.cause, "created_at": each.created_at}
            transaction.put(self.table, row, condition="attribute_not_exists(pk)")
        return transaction

    def _add(self, each: Suppression) -> bool:
        return self.add(each.channel, each.address, each.cause, at=each.created_at)

    def _copy_standing(self, channel: str, address: str) -> list[str]:
        """Copy what is stored now: since an address of many was suppressed, the suppression may have been removed."""
        users = self.users.at_address(channel, address)
        standing = self.get(channel, address) if users else None
        for user_id in users:
            self.users.copy_suppression(user_id, channel, address, standing.cause if standing else None)
        return users

    def _tell(self, changes: Sequence[SuppressionChange]) -> None:
        if self.changed is not None and changes:
            self.changed(changes)


def _change(channel: str, cause: str | None, at: str, users: Sequence[str]) -> SuppressionChange:
    return SuppressionChange(channel=channel, cause=cause, at=at, user_ids=tuple(users))


def _suppression(item: Item) -> Suppression:
    return Suppression(
        channel=item["pk"].partition("#")[2], address=item["sk"], cause=item["cause"], created_at=item["created_at"]
    )
