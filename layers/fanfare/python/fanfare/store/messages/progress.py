"""Progress of the fan-out, by shard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.clock import to_text
from fanfare.data_classes import replace
from fanfare.domain.message import Message, Progress, unsealed_shards
from fanfare.store.messages.rows import message_pk, read_progress, shard_sk


class FanOutProgress:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def of(self, message: Message) -> list[Progress]:
        """Progress of the shards that have begun, strongly consistent."""
        keys = [(message_pk(message.id), shard_sk(shard)) for shard in range(message.shards)]
        return [read_progress(item) for item in self.table.get_many(keys).values()]

    def seal(self, message: Message, *, now: datetime) -> list[Progress]:
        """Stop the fan-out: no page is committed after this. Returns the progress of the shards that had begun."""

        def attempt() -> list[Progress]:
            begun = self.of(message)
            unsealed = [*unsealed_shards(message, begun)]
            for start in range(0, len(unsealed), TRANSACTION_LIMIT):
                transaction = Transaction()
                for read in unsealed[start : start + TRANSACTION_LIMIT]:
                    end = replace(read, sealed=True, stopped=True, updated_at=to_text(now))
                    self.advance(transaction, message, read, end)
                transaction.run()
            return begun

        # a page may be committed first: read again
        return until_settled(attempt, sleep=self.table.sleep)

    def advance(
        self, transaction: Transaction, message: Message, read: Progress, after: Progress, *, name: str | None = None
    ) -> None:
        """Change the progress from `read` to `after`, as part of a page's transaction."""
        values: dict[str, Any] = {
            ":page": after.page,
            ":recipients": after.recipients,
            ":cursor": after.cursor,
            ":sealed": after.sealed,
            ":updated_at": after.updated_at,
            ":ttl": message.retain_until,
        }
        if read.page == 0:
            # the first page is not committed yet
            condition = "attribute_not_exists(pk)"
        else:
            # no page was committed since the read
            condition = "page = :read AND sealed = :open"
            values |= {":read": read.page, ":open": False}
        sets = ["page = :page", "recipients = :recipients", "sealed = :sealed"]
        sets += ["updated_at = :updated_at", "#ttl = :ttl"]
        names = {"#ttl": "ttl"}
        if after.stopped:
            sets.append("stopped = :sealed")
        if after.cursor is not None:
            sets.append("#cursor = :cursor")
            names["#cursor"] = "cursor"
        transaction.update(
            self.table,
            (message_pk(message.id), shard_sk(read.shard)),
            f"SET {', '.join(sets)}",
            condition=condition,
            values=values,
            names=names,
            name=name,
        )
