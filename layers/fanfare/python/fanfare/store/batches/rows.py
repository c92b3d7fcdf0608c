"""Conversion between items of the batches table and objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.aws.codec import Item
from fanfare.clock import to_text
from fanfare.data_classes import dataclass
from fanfare.domain.batch import Batch, BatchState, Charge, Wait, WaitReason, shard_in
from fanfare.domain.digests.windows import Gathered
from fanfare.domain.jobs import Job
from fanfare.domain.outcomes import Outcome
from fanfare.ids import shard_of
from fanfare.store.own_data import PLACES

DUE_SHARDS: Final = 4
LIVES: Final = "lives"  # attribute of a batch: see `Batch`
GATHERED: Final = "gathered"  # attribute with the recipients of a page whose message went into windows
MESSAGE: Final = "message"  # in an item of a batch of the short way: the message's item


@dataclass(frozen=True, kw_only=True)
class ShortState(BatchState):
    """The state of a batch of the short way. `item`: the message's item when it was read."""

    item: Item = field(compare=False, repr=False)


def next_due(now: datetime, seconds: float, times: int, *, cap: timedelta = timedelta(hours=1)) -> datetime:
    """`now` plus `seconds`, doubled `times` times, at most `cap`."""
    return now + min(timedelta(seconds=seconds * 2 ** min(times, 20)), cap)


def shard_pk(message_id: str, shard: int) -> str:
    """Partition key of a shard of a message."""
    return f"{message_id}#{shard}"


def job_key(job: Job, kind: str) -> tuple[str, str]:
    """Key of the state (`open`) or the recipients (`batch`) of a job's batch."""
    return shard_pk(job.message_id, job.shard), f"{kind}#{job.batch_id}"


def message_id_of(pk: str) -> str:
    """The message id in a partition key."""
    return pk.partition("#")[0]


def name_of(item: Item) -> str:
    """The part of the sort key after the kind: the id of a batch, or the page of skips."""
    name: str = item["sk"].partition("#")[2]
    return name


def open_item(state: BatchState) -> Item:
    """The item of an open batch."""
    return {
        "pk": shard_pk(state.message_id, state.shard),
        "sk": f"open#{state.id}",
        **open_attributes(state),
        "due_shard": f"due#{shard_of(f'{state.message_id}/{state.id}', DUE_SHARDS)}",
        "ttl": state.retain_until,
    }


def open_attributes(state: BatchState) -> Item:
    """What is stored of a batch that is opened."""
    return {
        "channel": state.channel,
        "generation": state.generation,
        "codes": state.codes,
        "attempts": state.attempts,
        "waiting": state.waiting,
        "lost": state.lost,
        "round": state.round or None,
        "charges": charges(state),
        "due_at": state.due_at,
    }


def done_attributes(state: BatchState, now: datetime) -> Item:
    """What is stored of a batch that is settled. Raises ValueError if it has unsettled recipients."""
    if state.unsettled:
        raise ValueError(f"batch {state.id} has unsettled recipients")
    return {
        "channel": state.channel,
        "codes": state.codes,
        "generation": state.generation,
        "round": state.round or None,
        # a redrive ignores its own earlier charges
        "charges": charges(state) if state.places(Outcome.FAILED) else None,
        "settled_at": to_text(now),
    }


def gathered_attribute(gathered: Iterable[Gathered]) -> list[list[Any]]:
    """Recipients whose message went into windows, as they are stored."""
    return [[each.user_id, each.channel, each.window.id] for each in gathered]


def charges(state: BatchState) -> list[list[int]] | None:
    """Charges against limits as [time, place, …]; None if there are none."""
    return [[charge.at, *charge.places] for charge in state.charges] or None


def read_batch(item: Item) -> Batch:
    """Read a batch from its item."""
    name = item["sk"].removeprefix("batch#")
    return Batch(
        message_id=message_id_of(item["pk"]),
        shard=shard_in(name),
        id=name,
        channel=item["channel"],
        recipients=tuple(item["recipients"]),
        owned=tuple(item.get(PLACES, ())),
        lives=item.get(LIVES, ""),
    )


def read_state(item: Item) -> BatchState:
    """Read the state of an open or settled batch from its item."""
    state = BatchState(
        message_id=message_id_of(item["pk"]),
        shard=shard_in(item["sk"].partition("#")[2]),
        id=item["sk"].partition("#")[2],
        channel=item["channel"],
        generation=item["generation"],
        codes=item["codes"],
        attempts=item.get("attempts", 0),
        waiting=WaitReason(item.get("waiting", WaitReason.QUEUED)),
        due_at=item.get("due_at"),
        lease_owner=item.get("lease_owner"),
        lease_until=item.get("lease_until"),
        noted="lease_owner" in item and item.get("noted_by") == item["lease_owner"],
        lost=item.get("lost", 0),
        at=item.get("at"),
        reason=item.get("reason"),
        round=item.get("round", 0),
        retain_until=item.get("ttl", 0),
        charges=tuple(Charge(at, tuple(places)) for at, *places in item.get("charges", ())),
        waits=tuple(Wait(at, tuple(places)) for at, *places in item.get("waits", ())),
    )
    return ShortState(**vars(state), item=item[MESSAGE]) if MESSAGE in item else state
