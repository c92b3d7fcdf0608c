"""Closing batches, and reopening them for a redrive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.clock import to_text
from fanfare.domain.batch import BatchState
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.store.batches.rows import charges, open_item, shard_pk, still_ours

log = logging.getLogger(__name__)

REOPENED = (TRANSACTION_LIMIT - 1) // 2  # batches reopened per transaction, in addition to its check
CHECK = "check"  # name of a part of the transaction

# Adds one check to a transaction, under this name
AddCheck = Callable[[Transaction, str], None]


class BatchSettlements:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def settle_many(self, states: Sequence[BatchState], *, owner: str, now: datetime) -> list[BatchState]:
        """Close batches together. Returns those that were closed; batches with a lost lease are not."""
        settled: list[BatchState] = []
        for start in range(0, len(states), TRANSACTION_LIMIT // 2):
            chunk = states[start : start + TRANSACTION_LIMIT // 2]
            together = Transaction()
            for state in chunk:
                self._settle(together, state, owner, now)
            try:
                together.run()
            except ConditionFailed:
                settled += [state for state in chunk if self._settled_alone(state, owner, now)]
            else:
                settled += chunk
        return settled

    def _settled_alone(self, state: BatchState, owner: str, now: datetime) -> bool:
        alone = Transaction()
        self._settle(alone, state, owner, now)
        try:
            alone.run()
        except ConditionFailed:
            log.warning("lease lost", extra={"message_id": state.message_id, "batch_id": state.id})
            return False
        return True

    def _settle(self, transaction: Transaction, state: BatchState, owner: str, now: datetime) -> None:
        if state.unsettled:
            raise ValueError(f"batch {state.id} has unsettled recipients")
        pk = shard_pk(state.message_id, state.shard)
        transaction.delete(self.table, (pk, f"open#{state.id}"), **still_ours(state, owner))
        transaction.put(
            self.table,
            {
                "pk": pk,
                "sk": f"done#{state.id}",
                "channel": state.channel,
                "codes": state.codes,
                "generation": state.generation,
                "round": state.round or None,
                # a redrive ignores its own earlier charges
                "charges": charges(state) if state.places(Outcome.FAILED) else None,
                "settled_at": to_text(now),
                "ttl": state.retain_until,
            },
        )

    def reopen_many(self, states: Sequence[BatchState], *, check: AddCheck) -> list[BatchState]:
        """Reopen up to `REOPENED` settled batches in their next generation. Returns those reopened; the others are open
        already. Raises ConditionFailed if `check` does not hold or another transaction conflicts."""
        if self._reopen(states, check):
            return [*states]
        return [state for state in states if self._reopen([state], check)]

    def _reopen(self, states: Sequence[BatchState], check: AddCheck) -> bool:
        """Reopen all or none. Returns False if another copy of the job has reopened one."""
        transaction = Transaction()
        check(transaction, CHECK)
        for state in states:
            transaction.delete(
                self.table,
                (shard_pk(state.message_id, state.shard), f"done#{state.id}"),
                # not reopened since it was settled
                condition="generation = :generation",
                values={":generation": state.generation - 1},
            )
            transaction.put(self.table, open_item(state))
        try:
            transaction.run()
        except ConditionFailed as failed:
            if not failed.part(CHECK).held or not failed.refused:
                raise
            return False
        return True
