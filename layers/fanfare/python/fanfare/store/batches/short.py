"""Batches of the short way: maps in the message's own item, and the same as items of the batches table.

message#<id>     message     batches: how many there are; batch0, batch1, …: channel, recipients and state of each;
                             skips: skipped recipients, and the reasons; gathered: recipients in windows
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fanfare.aws.codec import Item
from fanfare.domain.batch import SHORT, Batch, BatchState, Skip, batch_id
from fanfare.domain.digests.windows import Gathered
from fanfare.store.batches.rows import (
    GATHERED,
    LIVES,
    MESSAGE,
    ShortState,
    gathered_attribute,
    open_attributes,
    shard_pk,
)
from fanfare.store.messages.rows import BATCHES
from fanfare.store.own_data import PLACES

SKIPS = "skips"
_FIXED = ("recipients", PLACES, LIVES)  # what the item of a batch has, and not that of its state


def map_of(batch: str) -> str:
    """The name of the map with the batch of this id."""
    return f"batch{int(batch.rpartition('-')[2])}"


def short_attributes(
    batches: Sequence[tuple[Batch, BatchState]], skips: Iterable[Skip], gathered: Sequence[Gathered] = ()
) -> Item:
    """What the item of a new message has in addition."""
    maps = {
        map_of(batch.id): without_none(
            {
                "recipients": list(batch.recipients),
                PLACES: list(batch.owned) or None,
                LIVES: batch.lives or None,
                **open_attributes(state),
            }
        )
        for batch, state in batches
    }
    entries = gathered_attribute(gathered) or None
    return {BATCHES: len(batches), SKIPS: skips_attribute(skips) or None, GATHERED: entries, **maps}


def skips_attribute(skips: Iterable[Skip]) -> list[list[str]]:
    """Skipped recipients as they are stored."""
    return [[skip.user_id, skip.channel, skip.reason] for skip in skips]


def replaced(state: ShortState, attributes: Item) -> Item:
    """The map of the batch with other attributes of its state."""
    stored = state.item[map_of(state.id)]
    return without_none({name: stored.get(name) for name in _FIXED} | attributes)


def short_items(message: Item) -> list[Item]:
    """The batches and skips in a message's item as items of the batches table, in order; none of the long way."""
    if BATCHES not in message:
        return []
    pk = shard_pk(message["id"], SHORT)
    found: list[Item] = []
    for name in (batch_id(SHORT, 0, number) for number in range(message[BATCHES])):
        stored: dict[str, Any] = message[map_of(name)]
        fixed = {each: stored[each] for each in _FIXED if each in stored}
        state = {each: value for each, value in stored.items() if each not in _FIXED}
        kind = "done" if "settled_at" in stored else "open"
        found.append({"pk": pk, "sk": f"batch#{name}", "channel": stored["channel"], **fixed})
        found.append({"pk": pk, "sk": f"{kind}#{name}", **state, "ttl": message["ttl"], MESSAGE: message})
    if SKIPS in message:
        found.append({"pk": pk, "sk": "skips#000000", "skips": message[SKIPS]})
    if GATHERED in message:
        found.append({"pk": pk, "sk": "gathered#000000", GATHERED: message[GATHERED]})
    return sorted(found, key=lambda item: str(item["sk"]))


def others(state: ShortState) -> dict[str, Item]:
    """Name → map of the other batches of the message, as read with this one."""
    names = (f"batch{number}" for number in range(state.item[BATCHES]))
    return {name: state.item[name] for name in names if name != map_of(state.id)}


def without_none(attributes: Item) -> Item:
    """The attributes that are not None: in a map, None would be stored."""
    return {name: value for name, value in attributes.items() if value is not None}
