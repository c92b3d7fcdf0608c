"""The batches table, as far as providers change it: what they reported of the recipients of each batch.

    pk                        sk            what
    receipts#<message>#<k>    <batch id>    by kind of receipt, the places of the recipients who have one

A batch has one item with a set of places for each kind of receipt. To add to a set is idempotent and commutative, so
events may repeat and come in any order, without a read, a condition, or an item that all receipts of a message change.
An event costs one write unit for each batch in it. The first receipt creates the item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from fanfare.aws.codec import EVERY_KEY, Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.domain.outcomes import COUNTED, Reported

Key = tuple[str, str]  # message id, batch id


class ReportedReceipts:
    """Receipts by batch."""

    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def add(self, reports: Iterable[ReceiptEvent], *, retain_until: int) -> None:
        """Store the receipts that are counted, one call for each batch. Idempotent."""
        found: dict[Key, dict[Receipt, set[int]]] = defaultdict(lambda: defaultdict(set))
        for each in reports:
            if each.batch_id is not None and each.receipt in COUNTED:
                found[each.message_id, each.batch_id][each.receipt].add(each.place)
        for batch, places in found.items():
            adds = ", ".join(f"{receipt} :{receipt}" for receipt in places)
            self.table.update(
                *_key(*batch),
                f"SET #ttl = :ttl ADD {adds}",
                values={":ttl": retain_until} | {f":{receipt}": each for receipt, each in places.items()},
                names={"#ttl": "ttl"},
            )

    def of_shard(self, message_id: str, shard: int, batches: KeyRange = EVERY_KEY) -> dict[str, Reported]:
        """Batch id → receipts, of the batches of a shard that have some."""
        pk = _pk(message_id, f"{max(shard, 0):04d}")  # as at the begin of the batches' ids
        return {item["sk"]: _reported(item) for item in self.table.query(pk, batches)}

    def of_batches(self, message_id: str, batch_ids: Sequence[str]) -> dict[str, Reported]:
        """Batch id → receipts, of those of the batches that have some."""
        found = self.table.get_many(_key(message_id, each) for each in batch_ids) if batch_ids else {}
        return {item["sk"]: _reported(item) for item in found.values()}


def _pk(message_id: str, shard: str) -> str:
    return f"receipts#{message_id}#{shard}"


def _key(message_id: str, batch_id: str) -> tuple[str, str]:
    return _pk(message_id, batch_id.partition("-")[0]), batch_id


def _reported(item: Item) -> Reported:
    return {receipt: item[receipt] for receipt in COUNTED if receipt in item}
