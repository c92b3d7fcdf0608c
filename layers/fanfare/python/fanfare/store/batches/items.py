"""Reads of batches as items of the batches table, also of those that lie in their message's item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from fanfare.aws.codec import EVERY_KEY, Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.batch import SHORT
from fanfare.store.batches.rows import message_id_of
from fanfare.store.batches.short import short_items
from fanfare.store.messages.rows import message_pk

Key = tuple[str, str]


class BatchItems:
    """`table`: the batches table. `messages`: the messages table."""

    def __init__(self, table: DynamoTable, messages: DynamoTable) -> None:
        self.table = table
        self.messages = messages

    def get(self, pk: str, sk: str) -> Item | None:
        """The item, or None; strongly consistent."""
        if not _is_short(pk):
            return self.table.get(pk, sk)
        return self.get_many([(pk, sk)]).get((pk, sk))

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """The items that exist, by key."""
        wanted = list(keys)
        short = {(pk, sk) for pk, sk in wanted if _is_short(pk)}
        found = {key: item for key, item in self._short({pk for pk, _ in short}, consistent).items() if key in short}
        stored = [key for key in wanted if key not in short]
        return found | (self.table.get_many(stored, consistent=consistent) if stored else {})

    def query(
        self, pk: str, keys: KeyRange = EVERY_KEY, *, limit: int | None = None, names: Sequence[str] | None = None
    ) -> Iterator[Item]:
        """The items of a shard of a message in order of their sort keys."""
        if not _is_short(pk):
            yield from self.table.query(pk, keys, limit=limit, names=names)
            return
        found = (item for (_, sk), item in self._short({pk}).items() if keys.holds(sk))
        yield from islice(found, limit)

    def _short(self, pks: Iterable[str], consistent: bool = True) -> dict[Key, Item]:
        wanted = [(message_pk(message_id_of(pk)), "message") for pk in pks]
        messages = self.messages.get_many(wanted, consistent=consistent).values() if wanted else ()
        return {(item["pk"], item["sk"]): item for message in messages for item in short_items(message)}


def _is_short(pk: str) -> bool:
    return pk.endswith(f"#{SHORT}")
