"""The end of a batch of the short way, and of its message if no other batch is open."""

from __future__ import annotations

from datetime import datetime

from fanfare.aws.changes import Change
from fanfare.aws.codec import Item
from fanfare.clock import to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import Totals
from fanfare.domain.lifecycle import State
from fanfare.domain.message import MAY_FINISH, Message, ending
from fanfare.domain.outcomes import Outcome
from fanfare.store.batches.gathered import outcomes_of
from fanfare.store.batches.rows import GATHERED, ShortState, done_attributes
from fanfare.store.batches.short import SKIPS, others, replaced, short_items
from fanfare.store.messages.moves import NO_LONGER_DUE, moved_to
from fanfare.store.messages.rows import read_message, timeline_entry


@dataclass(frozen=True)
class Settled:
    """The change that settles a batch. `ended`: the message, if it ends with it."""

    change: Change
    ended: Message | None = None


def settled(state: ShortState, now: datetime) -> Settled:
    """The change that settles the batch, and ends its message if all others are settled.

    A sensitive message is not ended here: its data must be removed before.
    """
    change = Change(sets=("#batch = :done",), values={":done": replaced(state, done_attributes(state, now))})
    message = read_message(state.item)
    if not _is_last(state):
        return Settled(change)
    if message.state is State.DELETED:
        return Settled(change + NO_LONGER_DUE)
    if message.state not in MAY_FINISH or message.sensitive:
        return Settled(change)
    end = ending(message, _totals(state).counts(), now)
    entry = timeline_entry(end.to, to_text(now), end.reason)
    ended = replace(message, state=end.to, counts=end.sets["counts"], timeline=(*message.timeline, entry), due_at=None)
    return Settled(change + moved_to(message.id, end, now=now), ended)


def is_over(item: Item) -> bool:
    """Whether all batches in a message's item are settled, and the message has not ended."""
    return read_message(item).state in MAY_FINISH and all(each["sk"][:5] != "open#" for each in short_items(item))


def _is_last(state: ShortState) -> bool:
    """Whether all other batches were settled when this one was read."""
    return all("settled_at" in each for each in others(state).values())


def _totals(state: ShortState) -> Totals:
    codes = "".join([state.codes, *(each["codes"] for each in others(state).values())])
    found = {Outcome(code): codes.count(code) for code in set(codes)}
    found[Outcome.SKIPPED] = found.get(Outcome.SKIPPED, 0) + len(state.item.get(SKIPS, ()))
    for _, _, outcome, _ in outcomes_of(state.item.get(GATHERED, ())):
        found[outcome] = found.get(outcome, 0) + 1
    return Totals(codes=found)
