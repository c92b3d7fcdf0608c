"""Own data of the recipients of a batch: one item a batch, written with it; only erasures change it.

On the short way they stay in the message's body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.domain.batch import SHORT, Batch, batch_id, shard_in
from fanfare.domain.message import OwnData
from fanfare.store.batches.rows import shard_pk
from fanfare.store.messages.rows import BODY, message_pk
from fanfare.store.own_data import MAP, own_map, read_own, without_data, without_user

_EVERY = KeyRange(prefix="data#")
Key = tuple[str, str]


class BatchOwnData:
    """`table`: the batches table. `messages`: the messages table."""

    def __init__(self, table: DynamoTable, messages: DynamoTable) -> None:
        self.table = table
        self.messages = messages

    def put(self, transaction: Transaction, batch: Batch, own: OwnData, *, retain_until: int) -> None:
        """Store the data of a new batch, as a part of its transaction."""
        pk, sk = _key(batch.message_id, batch.id)
        item = {"pk": pk, "sk": sk, MAP: own_map(batch.with_own, own), "erasures": 0, "ttl": retain_until}
        transaction.put(self.table, item)

    def read(self, batches: Iterable[Batch]) -> dict[Key, OwnData]:
        """(Message id, batch id) → own data of its recipients, of batches that have some; strongly consistent."""
        owning = [batch for batch in batches if batch.owned]
        found = self._items(_key(batch.message_id, batch.id) for batch in owning)
        stored = {key: item.get(MAP, {}) for key, item in found.items()}
        return {
            (batch.message_id, batch.id): read_own(batch.with_own, stored.get(_key(batch.message_id, batch.id), {}))
            for batch in owning
        }

    def erase(self, user_id: str, batches: Sequence[Key]) -> None:
        """Remove the user from these batches' data. Idempotent."""
        for key, item in self._items(_key(*batch) for batch in batches).items():
            if user_id in item.get(MAP, {}):
                until_settled(partial(self._without, user_id, key), sleep=self.table.sleep)

    def forget_data(self, message_id: str, shards: int) -> None:
        """Remove the data of all recipients of a message. Who they are stays. Idempotent."""
        keys = [_key(message_id, batch_id(SHORT, 0, 0))] if not shards else []
        for shard in range(shards):
            keys += [(item["pk"], item["sk"]) for item in self.table.query(shard_pk(message_id, shard), _EVERY)]
        for key in keys:
            until_settled(partial(self._persons_alone, key), sleep=self.table.sleep)

    def _table(self, key: Key) -> DynamoTable:
        return self.messages if key[1] == BODY else self.table

    def _items(self, keys: Iterable[Key]) -> dict[Key, Item]:
        wanted: dict[bool, list[Key]] = {}
        for key in keys:
            wanted.setdefault(key[1] == BODY, []).append(key)
        return {key: item for some in wanted.values() for key, item in self._table(some[0]).get_many(some).items()}

    def _without(self, user_id: str, key: Key) -> None:
        item = self._items([key]).get(key)
        if item is not None:
            self._change(key, without_user(item.get(MAP, {}), user_id), item["erasures"])

    def _persons_alone(self, key: Key) -> None:
        item = self._items([key]).get(key)
        if item is not None and MAP in item:
            self._change(key, without_data(item[MAP]), item["erasures"])

    def _change(self, key: Key, left: dict[str, str], seen: int) -> None:
        self._table(key).update(
            *key,
            "SET own = :own, erasures = :next",
            # no other erasure since the read
            condition="erasures = :seen",
            values={":own": left, ":seen": seen, ":next": seen + 1},
        )


def _key(message_id: str, batch: str) -> Key:
    shard = shard_in(batch)
    return (message_pk(message_id), BODY) if shard == SHORT else (shard_pk(message_id, shard), f"data#{batch}")
