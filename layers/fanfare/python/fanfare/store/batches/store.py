"""Batches: created by the fan-out, read by all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from fanfare.aws.codec import KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.clock import to_text
from fanfare.domain.batch import Batch, BatchState, Skip, shard_in, shards_of
from fanfare.domain.message import Message, OwnData
from fanfare.store.batches.gathered import GatheredRecipients
from fanfare.store.batches.items import BatchItems
from fanfare.store.batches.lease import BatchLeases
from fanfare.store.batches.own_data import BatchOwnData
from fanfare.store.batches.places import Places
from fanfare.store.batches.rows import (
    DUE_SHARDS,
    LIVES,
    message_id_of,
    open_item,
    read_batch,
    read_state,
    shard_pk,
)
from fanfare.store.batches.settle import BatchSettlements
from fanfare.store.batches.short import skips_attribute
from fanfare.store.batches.totals import BatchTotals
from fanfare.store.own_data import PLACES

NO_DATA: Final[OwnData] = {}


class Batches:
    """Open and settled batches. `leases` and `settlements` are for workers; `totals` has their sums.

    `messages`: the messages table, which has the batches of the short way. `moved` is called if one of them was the
    last open batch of its message, and the message has ended.
    """

    def __init__(
        self, table: DynamoTable, messages: DynamoTable, *, moved: Callable[[Message], None] | None = None
    ) -> None:
        self.table = table
        self.items = BatchItems(table, messages)
        places = Places(table, messages)
        self.leases = BatchLeases(self.items, places, sleep=table.sleep)
        self.settlements = BatchSettlements(table, places, moved=moved)
        self.totals = BatchTotals(self.items)
        self.own = BatchOwnData(table, messages)
        self.gathered = GatheredRecipients(self.items)

    # As parts of a page's transaction

    def open(self, transaction: Transaction, batch: Batch, state: BatchState, *, own: OwnData = NO_DATA) -> None:
        """Store a batch and open it: two items of a transaction, and one more if a recipient has data of their own."""
        item = {
            "pk": shard_pk(batch.message_id, batch.shard),
            "sk": f"batch#{batch.id}",
            "channel": batch.channel,
            "recipients": list(batch.recipients),
            PLACES: list(batch.owned) or None,
            LIVES: batch.lives or None,
            "ttl": state.retain_until,
        }
        transaction.put(self.table, item).put(self.table, open_item(state))
        if batch.owned:
            self.own.put(transaction, batch, own, retain_until=state.retain_until)

    def skip(
        self, transaction: Transaction, message_id: str, shard: int, page: int, skips: Sequence[Skip], retain_until: int
    ) -> None:
        """Store the recipients that a page skipped."""
        item = {
            "pk": shard_pk(message_id, shard),
            "sk": f"skips#{page:06d}",
            "skips": skips_attribute(skips),
            "ttl": retain_until,
        }
        transaction.put(self.table, item)

    # Reading

    def recipients(self, jobs: Iterable[tuple[str, str]]) -> dict[str, Batch]:
        """The batches behind (message id, batch id), by `<message id>/<batch id>`."""
        keys = {
            (shard_pk(message_id, shard_in(batch)), f"batch#{batch}"): (message_id, batch) for message_id, batch in jobs
        }
        found = self.items.get_many(keys, consistent=False)  # never changed, so eventual consistency is enough
        missing = keys.keys() - found.keys()
        if missing:
            found |= self.items.get_many(missing)
        return {
            f"{message_id}/{batch}": read_batch(found[key]) for key, (message_id, batch) in keys.items() if key in found
        }

    def get_open(self, message_id: str, batch: str) -> BatchState | None:
        """The state of a batch, or None once it is settled."""
        item = self.items.get(shard_pk(message_id, shard_in(batch)), f"open#{batch}")
        return read_state(item) if item else None

    def any_open(self, message_id: str, shard: int) -> bool:
        """Whether a shard has a batch that is not settled; strongly consistent."""
        return any(self.items.query(shard_pk(message_id, shard), KeyRange(prefix="open#"), limit=1, names=["sk"]))

    def open_batches(self, message_id: str, shards: int) -> Iterator[BatchState]:
        """The batches of a message that are not settled."""
        for shard in shards_of(shards):
            yield from map(read_state, self.items.query(shard_pk(message_id, shard), KeyRange(prefix="open#")))

    def done_batches(self, message_id: str, shard: int) -> Iterator[BatchState]:
        """The settled batches of a shard."""
        for item in self.items.query(shard_pk(message_id, shard), KeyRange(prefix="done#")):
            yield read_state(item)

    def due(self, now: datetime, *, page: int) -> Iterator[tuple[str, str]]:
        """(message id, batch id) of open batches that are due, longest overdue first, read lazily."""
        for row in self.table.overdue(to_text(now), shards=DUE_SHARDS, page=page):
            yield message_id_of(row["pk"]), str(row["sk"]).removeprefix("open#")

    def get_open_many(self, batches: Iterable[tuple[str, str]]) -> list[BatchState]:
        """The batches that are still open, strongly consistent."""
        keys = [(shard_pk(message_id, shard_in(batch)), f"open#{batch}") for message_id, batch in batches]
        return [read_state(item) for item in self.items.get_many(keys).values()]
