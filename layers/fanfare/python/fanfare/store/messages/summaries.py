"""Summaries of messages. They never change, so a function reads each of them once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fanfare.aws.dynamodb import DynamoTable
from fanfare.store.messages.rows import message_pk

KEPT: Final = 2_000


class MessageSummaries:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table
        self._kept: dict[str, str | None] = {}

    def of(self, message_ids: Iterable[str]) -> dict[str, str | None]:
        """Id → summary. None for messages without one."""
        wanted = list(message_ids)
        unknown = [message_id for message_id in wanted if message_id not in self._kept]
        if len(self._kept) + len(unknown) > KEPT:
            self._kept = {}
            unknown = wanted
        if unknown:
            keys = {message_id: (message_pk(message_id), "body") for message_id in unknown}
            found = self.table.get_many(keys.values(), consistent=False)
            self._kept |= {message_id: found[key].get("summary") for message_id, key in keys.items() if key in found}
        return {message_id: self._kept.get(message_id) for message_id in wanted}
