"""The batches table as a list of the recipients of a message, in an order that never changes.

A batch moves from `open#` to `done#` when it settles, and back in a redrive; `batch#` and `skips#` items never move.
So lists page through those items and look up the state of each batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fanfare.aws.codec import Item, KeyRange
from fanfare.channels.reasons import Reason
from fanfare.data_classes import dataclass
from fanfare.domain.batch import SHORT, shards_of
from fanfare.domain.outcomes import Outcome
from fanfare.store.batches.gathered import PREFIX, outcomes_of
from fanfare.store.batches.items import BatchItems
from fanfare.store.batches.rows import GATHERED


@dataclass(frozen=True, kw_only=True)
class RecipientEntry:
    """One recipient: position in the list, user, and the outcome without its delivery record."""

    position: tuple[int, str, int]  # shard, sort key, place in the item
    user_id: str
    channel: str
    outcome: Outcome
    reason: str | None
    attempts: int


@dataclass(frozen=True, kw_only=True)
class RecipientState:
    """One user on one channel of a message, with the state of their batch, if any.

    `charged`: times (epoch seconds) at which the delivery was charged against limits, as far as the batch keeps them.
    """

    channel: str
    outcome: Outcome
    reason: str | None = None
    digest_id: str | None = None
    batch_id: str | None = None
    generation: int = 0
    attempts: int = 0
    waiting: str | None = None
    due_at: str | None = None
    lease_until: str | None = None
    settled_at: str | None = None
    charged: tuple[int, ...] = ()


class RecipientList:
    """Lists of recipients. In a `deleted` message, waiting recipients are shown as deleted: nothing more is sent."""

    def __init__(self, items: BatchItems) -> None:
        self.items = items

    def entries(
        self, message_id: str, shards: int, *, after: Sequence[int | str] | None, size: int, deleted: bool = False
    ) -> Iterator[RecipientEntry]:
        """All recipients after a position, reading `size` items per call."""
        first, sk, place = (int(after[0]), str(after[1]), int(after[2])) if after else (SHORT, "", -1)
        for shard in (each for each in shards_of(shards) if each >= first):
            pk = f"{message_id}#{shard}"
            if place >= 0:  # the rest of the item in which the previous page ended
                items = [*self.items.get_many([(pk, sk)]).values()]
                yield from self._read(pk, shard, items, deleted, beyond=place)
            for prefix in ("batch#", PREFIX, "skips#"):
                if sk > prefix + "~":
                    continue
                position = sk if sk.startswith(prefix) else None
                while True:
                    items = list(self.items.query(pk, KeyRange(prefix=prefix, after=position), limit=size))
                    yield from self._read(pk, shard, items, deleted)
                    if len(items) < size:
                        break
                    position = items[-1]["sk"]
            sk, place = "", -1

    def standings(
        self, message_id: str, shard: int, user_id: str, *, deleted: bool = False
    ) -> dict[str, RecipientState]:
        """Channel → state of a user in a shard of a message: the batch, or the reason of a skip."""
        pk = f"{message_id}#{shard}"
        found: dict[str, RecipientState] = {}
        for item in self.items.query(pk, KeyRange(prefix="skips#")):
            for user, channel, reason in item["skips"]:
                if user == user_id:
                    found[channel] = RecipientState(channel=channel, outcome=Outcome.SKIPPED, reason=reason)
        for item in self.items.query(pk, KeyRange(prefix=PREFIX)):
            for user, channel, outcome, window in outcomes_of(item[GATHERED]):
                if user == user_id:
                    found[channel] = RecipientState(channel=channel, outcome=outcome, digest_id=window)
        for item in self.items.query(pk, KeyRange(prefix="batch#")):
            if user_id in item["recipients"]:
                found[item["channel"]] = self._standing(pk, item, user_id, deleted)
        return found

    def _standing(self, pk: str, item: Item, user_id: str, deleted: bool) -> RecipientState:
        each = item["sk"].removeprefix("batch#")
        states = self.items.get_many([(pk, f"open#{each}"), (pk, f"done#{each}")])
        state = states.get((pk, f"open#{each}")) or states.get((pk, f"done#{each}")) or {}
        place = item["recipients"].index(user_id)
        _, channel, outcome, reason, attempts = _of_batch(item, state, deleted)[place]
        return RecipientState(
            channel=channel,
            outcome=outcome,
            reason=reason,
            batch_id=each,
            generation=state.get("generation", 1),
            attempts=attempts,
            waiting=state.get("waiting"),
            due_at=state.get("due_at"),
            lease_until=state.get("lease_until"),
            settled_at=state.get("settled_at"),
            charged=tuple(at for at, *places in state.get("charges") or () if not places or place in places),
        )

    def _read(
        self, pk: str, shard: int, items: Sequence[Item], deleted: bool, *, beyond: int = -1
    ) -> Iterator[RecipientEntry]:
        ids = [item["sk"].removeprefix("batch#") for item in items if item["sk"].startswith("batch#")]
        keys = [(pk, f"{state}#{each}") for each in ids for state in ("open", "done")]
        states = self.items.get_many(keys) if keys else {}
        for item in items:
            if item["sk"].startswith("skips#"):
                people = [(user, channel, Outcome.SKIPPED, reason, 0) for user, channel, reason in item["skips"]]
            elif item["sk"].startswith(PREFIX):
                people = [
                    (user, channel, outcome, None, 0) for user, channel, outcome, _ in outcomes_of(item[GATHERED])
                ]
            else:
                each = item["sk"].removeprefix("batch#")
                state = states.get((pk, f"open#{each}")) or states.get((pk, f"done#{each}")) or {}
                people = _of_batch(item, state, deleted)
            for place, (user_id, channel, outcome, reason, attempts) in enumerate(people):
                if place > beyond:
                    yield RecipientEntry(
                        position=(shard, item["sk"], place),
                        user_id=user_id,
                        channel=channel,
                        outcome=outcome,
                        reason=reason,
                        attempts=attempts,
                    )


def _of_batch(item: Item, state: Item, deleted: bool) -> list[tuple[str, str, Outcome, str | None, int]]:
    codes = state.get("codes") or Outcome.OUTSTANDING.value * len(item["recipients"])
    if deleted and "lease_owner" not in state:
        codes = codes.replace(Outcome.OUTSTANDING.value, Outcome.DELETED.value)
    return [
        (user_id, item["channel"], Outcome(code), _reason(Outcome(code), state), state.get("attempts", 0))
        for user_id, code in zip(item["recipients"], codes, strict=True)
    ]


def _reason(outcome: Outcome, state: Item) -> str | None:
    if outcome is Outcome.IN_DOUBT:
        return Reason.OUTCOME_UNKNOWN
    return state.get("reason") if outcome is Outcome.OUTSTANDING else None
