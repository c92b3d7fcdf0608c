"""Where the state of an open batch is stored, and its updates: the same on the long way and on the short one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from fanfare.aws.changes import Change
from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.data_classes import dataclass
from fanfare.domain.batch import SHORT, Batch, BatchState
from fanfare.errors import ConditionFailed
from fanfare.store.batches.rows import ShortState, read_batch, read_state, shard_pk
from fanfare.store.batches.short import map_of, others, short_items
from fanfare.store.messages.moves import due
from fanfare.store.messages.rows import message_pk


@dataclass(frozen=True, kw_only=True)
class Place:
    """An item of its own or, on the short way, a map in the message's item.

    Expressions write `p` before the name of an attribute.
    """

    table: DynamoTable
    key: tuple[str, str]
    p: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def update(self, change: Change, *, old: bool = False) -> Item:
        """Change the item. Returns it after the change or, with `old`, before. Raises ConditionFailed."""
        return self.table.update(*self.key, **self._named(change).arguments(), old=old)

    def arguments(self, change: Change) -> dict[str, Any]:
        """The arguments of an update in a transaction."""
        return {"table": self.table, "key": self.key, **self._named(change).arguments()}

    def _named(self, change: Change) -> Change:
        return change + Change(names=self.names)


class Places:
    """`table`: the batches table. `messages`: the messages table."""

    def __init__(self, table: DynamoTable, messages: DynamoTable) -> None:
        self.table = table
        self.messages = messages

    def of(self, message_id: str, shard: int, batch: str) -> Place:
        """The place of an open batch."""
        if shard != SHORT:
            return Place(table=self.table, key=(shard_pk(message_id, shard), f"open#{batch}"))
        key = (message_pk(message_id), "message")
        return Place(table=self.messages, key=key, p="#batch.", names={"#batch": map_of(batch)})

    def of_state(self, state: BatchState) -> Place:
        """The place of an open batch."""
        return self.of(state.message_id, state.shard, state.id)

    def write(
        self, state: BatchState, change: Callable[[BatchState], Change], *, still: Callable[[BatchState], bool]
    ) -> None:
        """Update the batch. Raises ConditionFailed if its condition does not hold."""
        if isinstance(state, ShortState):
            self.write_short(state, change, still=still)
        else:
            self.of_state(state).update(change(state))

    def write_short(
        self, state: ShortState, change: Callable[[ShortState], Change], *, still: Callable[[BatchState], bool]
    ) -> Item:
        """The same on the short way. Returns the message's item.

        The change may depend on the other batches of the message. If one of them changes meanwhile, and the batch
        itself is `still` as expected, the change is made again.
        """
        place, read = self.of_state(state), state

        def attempt() -> Item | ConditionFailed:
            nonlocal read
            try:
                return place.update(change(read))
            except ConditionFailed as failed:
                if failed.refused:
                    found = state_in(failed.found, state.id)
                    if found is None or not still(found):
                        return failed
                    read = found
                raise

        done = until_settled(attempt, sleep=self.messages.sleep)
        if isinstance(done, ConditionFailed):
            raise done
        return done


def state_in(message: Item | None, batch: str) -> ShortState | None:
    """The open batch in a message's item."""
    found = [item for item in short_items(message or {}) if item["sk"] == f"open#{batch}"]
    state = read_state(found[0]) if found else None
    return state if isinstance(state, ShortState) else None


def due_with_others(state: BatchState, due_at: str) -> Change:
    """On the short way, have the message due with the first of its open batches, this one being due at `due_at`."""
    if not isinstance(state, ShortState):
        return Change()
    waiting = {name: each["due_at"] for name, each in others(state).items() if "settled_at" not in each}
    unchanged = Change(
        # no other batch has changed its time since the read
        conditions=tuple(f"{name}.due_at = :{name}" for name in waiting),
        values={f":{name}": at for name, at in waiting.items()},
    )
    return due(state.message_id, min((due_at, *waiting.values()))) + unchanged


def batch_in(message: Item, batch: str) -> Batch:
    """The recipients of a batch in a message's item."""
    return next(read_batch(item) for item in short_items(message) if item["sk"] == f"batch#{batch}")


def still_ours(place: Place, state: BatchState, owner: str) -> Change:
    """The condition of all writes to a leased batch: the worker still has the lease."""
    return Change(
        conditions=(f"{place.p}generation = :generation AND {place.p}lease_owner = :owner",),
        values={":generation": state.generation, ":owner": owner},
    )
