"""The deliveries table: the outcome of each recipient, stored under the user.

    pk             sk                            what
    user#<id>      <message>#<channel>           status, reason, attempts, the provider's id. A digested one is the
                                                 item of its window, and has the window's id and its own data
    user#<id>      <message>#<channel>#<kind>    a receipt of this kind, and its time

The partition is the user: writes of large messages are spread evenly, the history of a user is one query, and an
erasure is one partition.

Receipts of a delivery are a set: each kind has its own row, so receipts may repeat, arrive out of order and arrive
before our own record, and no write depends on another. The strongest one is shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.channels.receipts import Receipt, ReceiptEvent, strongest
from fanfare.clock import to_text
from fanfare.data_classes import replace
from fanfare.domain.delivery import Delivery
from fanfare.domain.outcomes import Outcome

_DIGESTED = Outcome.DIGESTED.label
Key = tuple[str, str, str]  # user id, message id, channel


class Deliveries:
    """`recorded` is called with outcomes after they are stored."""

    def __init__(self, table: DynamoTable, *, recorded: Callable[[Sequence[Delivery]], None] | None = None) -> None:
        self.table = table
        self.recorded = recorded

    def record(self, deliveries: Sequence[Delivery]) -> None:
        """Store outcomes of recipients, 25 per call. Idempotent."""
        self.table.write_many([_item(delivery) for delivery in deliveries])
        if self.recorded is not None:
            self.recorded(deliveries)

    def record_in(self, transaction: Transaction, delivery: Delivery) -> None:
        """Store one outcome as part of a transaction."""
        transaction.put(self.table, _item(delivery))

    def take_out(self, transaction: Transaction, key: Key, digest_id: str, at: str) -> None:
        """Take an item out of its window, as part of a transaction: it is deleted."""
        user, message, channel = key
        transaction.update(
            self.table,
            (f"user#{user}", f"{message}#{channel}"),
            "SET #status = :deleted, updated_at = :at REMOVE digest, own",
            condition="digest = :digest",
            values={":deleted": Outcome.DELETED.label, ":at": at, ":digest": digest_id},
            names={"#status": "status"},
        )

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Delivery]:
        """The records that exist, strongly consistent."""
        found = self.table.get_many([(f"user#{user}", f"{message}#{channel}") for user, message, channel in keys])
        deliveries = map(_delivery, found.values())
        return {(each.user_id, each.message_id, each.channel): each for each in deliveries}

    def record_receipts(self, reports: Sequence[ReceiptEvent], *, retain_until: int) -> None:
        """Store receipts, 25 per call. Idempotent."""
        distinct = {(each.user_id, each.message_id, each.channel, each.receipt): each for each in reports}
        self.table.write_many(
            [
                {
                    "pk": f"user#{each.user_id}",
                    "sk": f"{each.message_id}#{each.channel}#{each.receipt}",
                    "at": to_text(each.at),
                    "provider_id": each.provider_id,
                    "ttl": retain_until,
                }
                for each in distinct.values()
            ]
        )

    def receipts(self, keys: Iterable[Key]) -> dict[Key, dict[Receipt, str]]:
        """Receipts of each delivery with their times; strongly consistent."""
        wanted = {
            (f"user#{user}", f"{message}#{channel}#{receipt}"): ((user, message, channel), receipt)
            for user, message, channel in keys
            for receipt in Receipt
        }
        known: dict[Key, dict[Receipt, str]] = {}
        for place, item in self.table.get_many(wanted).items():
            key, receipt = wanted[place]
            known.setdefault(key, {})[receipt] = item["at"]
        return known

    def of_user(self, user_id: str, *, before: str | None) -> Iterator[tuple[str, Delivery]]:
        """Deliveries of a user, newest first, each with the position to continue `before`."""
        receipts: list[Receipt] = []
        for item in self.table.query(f"user#{user_id}", KeyRange(before=before), newest_first=True):
            kind = item["sk"].split("#")[2:]
            if kind:  # a receipt sorts after its delivery, so it comes first here
                receipts.append(Receipt(kind[0]))
                continue
            yield item["sk"], replace(_delivery(item), receipt=strongest(receipts))
            receipts = []

    def in_window(self, user_id: str, digest_id: str, *, first: str, shown: int) -> tuple[list[Delivery], int]:
        """The items of a window: the `shown` oldest ones, and the number of all. Strongly consistent.

        `first`: its oldest message.
        """
        rows = self.table.query(f"user#{user_id}", KeyRange(after=f"{first}#"))
        found = [row for row in rows if row.get("digest") == digest_id and row["status"] == _DIGESTED]
        oldest = heapq.nsmallest(shown, found, key=itemgetter("updated_at", "sk"))
        return [_delivery(row) for row in oldest], len(found)

    def any_of(self, user_id: str) -> bool:
        """Whether a delivery of the user is kept."""
        return any(self.table.query(f"user#{user_id}", limit=1, names=["sk"]))

    def last_alive(self, user_id: str, channel: str, *, since: str | None, silent_before: str) -> str | None:
        """The newest message from `since` on that arrived; None if none is known.

        It was delivered, or was sent before `silent_before` and the provider reported nothing afterwards.
        """
        kinds: set[str] = set()  # receipts of the message
        for item in self.table.query(f"user#{user_id}", KeyRange(after=since), newest_first=True):
            message_id, on, *kind = item["sk"].split("#")
            if on != channel:
                continue
            if kind == [Receipt.DELIVERED]:
                return str(message_id)
            if kind:  # a receipt sorts after its delivery, so it comes first here
                kinds.add(kind[0])
                continue
            sent = item["status"] == Outcome.SENT.label and item["updated_at"] < silent_before
            if sent and kinds <= {Receipt.ACCEPTED}:
                return str(message_id)
            kinds = set()
        return None

    def erase(self, user_id: str, *, limit: int) -> bool:
        """Delete up to `limit` rows of a user. Returns whether that was all; if not, repeat."""
        pk = f"user#{user_id}"
        rows = list(self.table.query(pk, limit=limit, names=["sk"]))
        self.table.write_many([], deletes=[(pk, row["sk"]) for row in rows])
        return len(rows) < limit


def _item(delivery: Delivery) -> Item:
    return {
        "pk": f"user#{delivery.user_id}",
        "sk": f"{delivery.message_id}#{delivery.channel}",
        "batch": delivery.batch_id,
        "status": delivery.status.label,
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "provider_id": delivery.provider_id,
        "updated_at": delivery.updated_at,
        "content": delivery.content,
        "digest": delivery.digest_id,
        "own": delivery.own,
        "ttl": delivery.retain_until,
    }


def _delivery(item: Item) -> Delivery:
    message_id, _, channel = item["sk"].partition("#")
    return Delivery(
        message_id=message_id,
        user_id=item["pk"].removeprefix("user#"),
        channel=channel,
        batch_id=item.get("batch"),
        status=Outcome[item["status"].upper()],
        reason=item.get("reason"),
        attempts=item.get("attempts", 0),
        provider_id=item.get("provider_id"),
        updated_at=item["updated_at"],
        retain_until=item["ttl"],
        content=item.get("content"),
        digest_id=item.get("digest"),
        own=item.get("own"),
    )
