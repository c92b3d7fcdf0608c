"""Closing batches, and reopening them for a redrive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from fanfare.aws.changes import Change
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.data_classes import replace
from fanfare.domain.batch import BatchState
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message
from fanfare.errors import ConditionFailed
from fanfare.store.batches.ending import is_over, settled
from fanfare.store.batches.places import Places, state_in, still_ours
from fanfare.store.batches.rows import ShortState, done_attributes, open_attributes, open_item, shard_pk
from fanfare.store.batches.short import replaced
from fanfare.store.messages.rows import read_message

log = logging.getLogger(__name__)

REOPENED = (TRANSACTION_LIMIT - 1) // 2  # batches reopened per transaction, in addition to its check
CHECK = "check"  # name of a part of the transaction

# Adds one check to a transaction, under this name
AddCheck = Callable[[Transaction, str], None]


class BatchSettlements:
    """`moved` is called with a message that ended with its last batch of the short way."""

    def __init__(self, table: DynamoTable, places: Places, *, moved: Callable[[Message], None] | None = None) -> None:
        self.table = table
        self.places = places
        self.moved = moved

    def settle_many(self, states: Sequence[BatchState], *, owner: str, now: datetime) -> list[BatchState]:
        """Close batches together. Batches with a lost lease are not closed.

        Returns those after which the message may have to be completed: all that were closed, except those with which
        a message of the short way has ended.
        """
        closed: list[BatchState] = []
        first, alone = _for_transactions(states)
        for start in range(0, len(first), TRANSACTION_LIMIT // 2):
            chunk = first[start : start + TRANSACTION_LIMIT // 2]
            try:
                closed += self._settled_together(chunk, owner, now)
            except ConditionFailed:
                alone = [*chunk, *alone]
        for state in alone:
            try:
                closed += self._settled_alone(state, owner, now)
            except ConditionFailed:
                log.warning("lease lost", extra={"message_id": state.message_id, "batch_id": state.id})
        return closed

    def _settled_together(self, states: Sequence[BatchState], owner: str, now: datetime) -> list[BatchState]:
        together = Transaction()
        ended: dict[str, Message] = {}
        for state in states:
            if not isinstance(state, ShortState):
                self._settle(together, state, owner, now)
                continue
            place, change = self.places.of_state(state), settled(state, now)
            together.update(**place.arguments(change.change + still_ours(place, state, owner)))
            if change.ended is not None:
                ended[state.message_id] = change.ended
        together.run()
        for message in ended.values():
            self._tell(message)
        return [state for state in states if state.message_id not in ended]

    def _settled_alone(self, state: BatchState, owner: str, now: datetime) -> list[BatchState]:
        if not isinstance(state, ShortState):
            alone = Transaction()
            self._settle(alone, state, owner, now)
            alone.run()
            return [state]
        place = self.places.of_state(state)
        item = self.places.write_short(
            state,
            lambda read: settled(replace(state, item=read.item), now).change + still_ours(place, state, owner),
            still=lambda found: (found.generation, found.lease_owner) == (state.generation, owner),
        )
        message = read_message(item)
        if message.at_rest:
            self._tell(message)
        return [state] if is_over(item) else []

    def _tell(self, message: Message) -> None:
        if self.moved is not None and message.state is not State.DELETED:
            self.moved(message)

    def _settle(self, transaction: Transaction, state: BatchState, owner: str, now: datetime) -> None:
        """Move a batch of the long way from open to done."""
        place = self.places.of_state(state)
        guard = still_ours(place, state, owner).arguments()
        transaction.delete(self.table, place.key, condition=guard["condition"], values=guard["values"])
        item = {"pk": place.key[0], "sk": f"done#{state.id}", **done_attributes(state, now), "ttl": state.retain_until}
        transaction.put(self.table, item)

    def reopen_many(self, states: Sequence[BatchState], *, check: AddCheck) -> list[BatchState]:
        """Reopen up to `REOPENED` settled batches in their next generation. Returns those reopened; the others are open
        already. Raises ConditionFailed if `check` does not hold or another transaction conflicts."""
        short = [state for state in states if isinstance(state, ShortState)]
        if short:
            return [state for state in short if self._reopen_short(state)]
        if self._reopen(states, check):
            return [*states]
        return [state for state in states if self._reopen([state], check)]

    def _reopen_short(self, state: ShortState) -> bool:
        """Reopen a batch in its message's item. Returns False if another copy of the job has done it.

        Raises ConditionFailed if the message is not pending in this round any more.
        """
        change = Change(
            sets=("#batch = :open",),
            # not reopened since it was settled, and the message is still to be redriven
            conditions=("#batch.generation = :generation AND #state = :pending AND #round = :round",),
            values={
                ":open": replaced(state, open_attributes(state)),
                ":generation": state.generation - 1,
                ":pending": State.PENDING,
                ":round": state.round,
            },
            names={"#state": "state", "#round": "round"},
        )
        try:
            self.places.of_state(state).update(change)
        except ConditionFailed as failed:
            if failed.found is None or state_in(failed.found, state.id) is None:
                raise
            return False
        return True

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


def _for_transactions(states: Sequence[BatchState]) -> tuple[list[BatchState], list[BatchState]]:
    """Those that are settled together, and those each alone.

    A transaction can't write an item twice, and the batches of a message of the short way lie in one item. For a single
    one, an update is half as dear.
    """
    first: dict[tuple[str, str], BatchState] = {}
    alone: list[BatchState] = []
    for state in states:
        key = state.message_id, "" if isinstance(state, ShortState) else state.id
        if first.setdefault(key, state) is not state:
            alone.append(state)
    if len(first) == 1 and all(isinstance(state, ShortState) for state in first.values()):
        return [], [*first.values(), *alone]
    return [*first.values()], alone
