"""Stored counts of large messages, complete or in progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels.receipts import Receipt
from fanfare.domain.batch import Totals
from fanfare.domain.counting import Count, RunningCount
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.store.messages.rows import message_pk, read_message, read_progress, shard_sk

RUNNING, CANCELLED = "running", "cancelled"  # sort keys
IN_FLIGHT = "in_flight"  # key next to the outcomes
RECEIPTS = "receipts"


class MessageCounts:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def read(self, message_id: str) -> tuple[Message, int, RunningCount | None] | None:
        """The message, its approximate number of recipients so far, and its running count, in one call."""
        keys = ((message_pk(message_id), "message"), (message_pk(message_id), shard_sk(0)), (_pk(message_id), RUNNING))
        found = self.table.get_many(keys)
        if keys[0] not in found:
            return None
        message = read_message(found[keys[0]])
        # a hash spreads recipients evenly over the shards, so one shard is enough
        first = read_progress(found[keys[1]]).recipients if keys[1] in found else 0
        return message, first * message.shards, _running(found[keys[2]]) if keys[2] in found else None

    def claim(self, message: Message, read: RunningCount | None, *, until: str) -> None:
        """Reserve the summing for this request until `until`. Raises ConditionFailed if another request was first."""
        self.table.update(
            _pk(message.id),
            RUNNING,
            "SET next_at = :until, #ttl = :ttl",
            condition="next_at = :read" if read else "attribute_not_exists(pk)",
            values={":until": until, ":ttl": message.retain_until} | ({":read": read.next_at} if read else {}),
            names={"#ttl": "ttl"},
        )

    def keep(self, message: Message, count: RunningCount) -> None:
        """Store the sum of the request that claimed it."""
        self.table.put(
            {
                "pk": _pk(message.id),
                "sk": RUNNING,
                "recipients": count.recipients,
                "whole": _totals(count.whole) if count.whole else None,
                RECEIPTS: _receipts(count.whole) if count.whole else None,
                "current": _count(count.current),
                "next_at": count.next_at,
                "ttl": message.retain_until,
            }
        )

    def cancelled(self, message_id: str) -> Count:
        """The count of a cancelled message so far."""
        item = self.table.get(_pk(message_id), CANCELLED)
        return _read_count(item) if item else Count()

    def keep_cancelled(self, message: Message, read: Count, count: Count) -> None:
        """Store the count so far. Raises ConditionFailed if another request was faster."""
        begun = (read.shard, read.page) != (0, 0)
        self.table.put(
            {"pk": _pk(message.id), "sk": CANCELLED, **_count(count), "ttl": message.retain_until},
            # not changed since it was read
            condition="shard = :shard AND page = :page" if begun else "attribute_not_exists(pk)",
            values={":shard": read.shard, ":page": read.page} if begun else None,
        )


def _pk(message_id: str) -> str:
    return f"counts#{message_id}"


def _totals(totals: Totals) -> dict[str, int]:
    return {outcome.name.lower(): number for outcome, number in totals.codes.items()} | {IN_FLIGHT: totals.in_flight}


def _count(count: Count) -> dict[str, Any]:
    return {
        "shard": count.shard,
        "page": count.page,
        "totals": _totals(count.totals),
        RECEIPTS: _receipts(count.totals),
    }


def _receipts(totals: Totals) -> dict[str, int]:
    return {receipt.value: number for receipt, number in totals.receipts.items()}


def _read_totals(stored: Mapping[str, int], receipts: Mapping[str, int]) -> Totals:
    codes = {Outcome[name.upper()]: number for name, number in stored.items() if name != IN_FLIGHT}
    counted = {Receipt(name): number for name, number in receipts.items()}
    return Totals(codes=codes, in_flight=stored[IN_FLIGHT], receipts=counted)


def _read_count(stored: Mapping[str, Any]) -> Count:
    totals = _read_totals(stored["totals"], stored.get(RECEIPTS, {}))
    return Count(shard=stored["shard"], page=stored["page"], totals=totals)


def _running(item: Item) -> RunningCount:
    return RunningCount(
        recipients=item.get("recipients", 0),
        whole=_read_totals(item["whole"], item.get(RECEIPTS, {})) if "whole" in item else None,
        current=_read_count(item["current"]) if "current" in item else Count(),
        next_at=item["next_at"],
    )
