"""The batches table: the backup. A batch stays open here until each of its recipients has an outcome.

    pk               sk                 what
    <message>#<k>    batch#<id>         channel and recipients of a batch; never changed
    <message>#<k>    open#<id>          state of an unsettled batch: generation, lease, attempts, outcome codes
    <message>#<k>    done#<id>          outcome codes of a settled batch
    <message>#<k>    skips#<page>       recipients that the fan-out skipped on a page, and the reasons

k is the shard of the fan-out. A batch's codes are a string with one `Outcome` per recipient, in the
order of its recipients: the totals of a message are summed from them, so there is no counter that
could be hot, or counted twice. "Is anything open?" is a query for one item, not a count.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.dynamodb import TRANSACTION_LIMIT, DynamoTable, Item, transact
from fanfare.clock import to_text
from fanfare.domain.batch import Batch, BatchState, Leased, Skip, Totals, WaitReason
from fanfare.domain.jobs import Job, shard_in
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Unavailable
from fanfare.ids import shard_of

log = logging.getLogger(__name__)


DUE_SHARDS = 4
REOPENED = (TRANSACTION_LIMIT - 1) // 2  # batches opened again by one transaction, beside its check
UNSURE = (ClientError, BotoCoreError, Unavailable)  # a call that failed, or took effect and lost its answer
LEASE = "SET lease_owner = :owner, lease_until = :until"


class Batches:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    # As parts of a page's transaction

    def opening(self, batch: Batch, state: BatchState) -> list[dict[str, Any]]:
        """Store a batch and open it: two items of a transaction."""
        pk = _pk(batch.message_id, batch.shard)
        return [
            self.table.putting(
                {
                    "pk": pk,
                    "sk": f"batch#{batch.id}",
                    "channel": batch.channel,
                    "recipients": list(batch.recipients),
                    "ttl": state.retain_until,
                }
            ),
            self.table.putting(_open_item(state)),
        ]

    def skipping(
        self, message_id: str, shard: int, page: int, skips: Sequence[Skip], retain_until: int
    ) -> dict[str, Any]:
        """Store whom a page passed over."""
        return self.table.putting(
            {
                "pk": _pk(message_id, shard),
                "sk": f"skips#{page:06d}",
                "skips": [[skip.user_id, skip.channel, skip.reason] for skip in skips],
                "ttl": retain_until,
            }
        )

    # Lease and settle

    def lease_many(self, jobs: Iterable[Job], *, owner: str, now: datetime, until: datetime) -> dict[Job, Leased]:
        """Take the batches for `owner`, and return each as it was before: with the lease that a lost worker left.

        Left out are those with nothing to do: settled already, a stale copy, another worker has it, or it waits for
        the provider's own event (a queue may bring a copy twice). Those that nobody holds are taken together, as they
        were read; where one has changed since, each by itself.
        """
        jobs = list(dict.fromkeys(jobs))
        found = self.table.get_many([_key(job, kind) for job in jobs for kind in ("open", "batch")])
        there = [job for job in jobs if _key(job, "open") in found and _key(job, "batch") in found]
        read = {job: _open(found[_key(job, "open")]) for job in there}
        current = {job: state for job, state in read.items() if state.generation == job.generation}
        free = {job: s for job, s in current.items() if not s.leased(now) and not s.awaits_event(now)}
        fresh = {job: state for job, state in free.items() if state.lease_owner is None}
        taken = fresh if len(fresh) > 1 and self._lease_together([*fresh.values()], owner, until) else {}
        alone = {job: self._lease_alone(state, owner, now, until) for job, state in free.items() if job not in taken}
        return {
            job: Leased(state, _batch(found[_key(job, "batch")]))
            for job, state in (taken | alone).items()
            if state is not None
        }

    def _lease_together(self, states: Sequence[BatchState], owner: str, until: datetime) -> bool:
        """Whether all of them were taken: none is, if one is not as it was read any more."""
        parts = [
            self.table.updating(
                _pk(state.message_id, state.shard),
                f"open#{state.id}",
                LEASE,
                # nobody has touched it since it was read
                condition="generation = :generation AND due_at = :due_at AND codes = :codes AND attempts = :attempts"
                " AND attribute_not_exists(lease_until)",
                values={
                    ":owner": owner,
                    ":until": to_text(until),
                    ":generation": state.generation,
                    ":due_at": state.due_at,
                    ":codes": state.codes,
                    ":attempts": state.attempts,
                },
            )
            for state in states
        ]
        try:
            transact(self.table.client, parts)
        except (ConditionFailed, *UNSURE):
            return False  # each by itself then, which finds what took effect all the same
        return True

    def _lease_alone(self, read: BatchState, owner: str, now: datetime, until: datetime) -> BatchState | None:
        """The batch as it was before; None where there is nothing to do, or it can't be told: the others go on."""
        try:
            before = self.table.update(
                _pk(read.message_id, read.shard),
                f"open#{read.id}",
                LEASE,
                # it is open, this copy is the current one, no lease is alive, and no event is waited for
                condition="generation = :generation AND (attribute_not_exists(lease_until) OR lease_until <= :now)"
                " AND (waiting <> :doubt OR due_at <= :now)",
                values={
                    ":owner": owner,
                    ":until": to_text(until),
                    ":generation": read.generation,
                    ":now": to_text(now),
                    ":doubt": WaitReason.DOUBT,
                },
                old=True,
            )
        except ConditionFailed as failed:
            # the SDK repeats a call whose answer was lost, and finds what it wrote itself
            mine = replace(read, lease_owner=owner, lease_until=to_text(until))
            return read if failed.found[0] and _open(failed.found[0]) == mine else None
        except UNSURE:
            log.exception("no lease", extra={"message_id": read.message_id, "batch_id": read.id})
            return None
        return _open(before)

    def settle(self, state: BatchState, *, owner: str, now: datetime) -> None:
        """Close a batch whose every recipient is settled. Raises ConditionFailed if it is not ours any more."""
        transact(self.table.client, self._settling(state, owner, now))

    def settle_many(self, states: Sequence[BatchState], *, owner: str, now: datetime) -> list[BatchState]:
        """Close batches together, and return those that were closed: one that is not ours any more is left alone."""
        settled: list[BatchState] = []
        for start in range(0, len(states), TRANSACTION_LIMIT // 2):
            chunk = states[start : start + TRANSACTION_LIMIT // 2]
            try:
                transact(self.table.client, [part for state in chunk for part in self._settling(state, owner, now)])
            except ConditionFailed:
                settled += [state for state in chunk if self._settled_alone(state, owner, now)]
            else:
                settled += chunk
        return settled

    def _settled_alone(self, state: BatchState, owner: str, now: datetime) -> bool:
        try:
            self.settle(state, owner=owner, now=now)
        except ConditionFailed:
            log.warning("lease lost", extra={"message_id": state.message_id, "batch_id": state.id})
            return False
        return True

    def _settling(self, state: BatchState, owner: str, now: datetime) -> list[dict[str, Any]]:
        if state.unsettled:
            raise ValueError(f"batch {state.id} has recipients that are not settled")
        pk = _pk(state.message_id, state.shard)
        return [
            self.table.deleting(pk, f"open#{state.id}", **_still_ours(state, owner)),
            self.table.putting(
                {
                    "pk": pk,
                    "sk": f"done#{state.id}",
                    "channel": state.channel,
                    "codes": state.codes,
                    "generation": state.generation,
                    "round": state.round or None,
                    "settled_at": to_text(now),
                    "ttl": state.retain_until,
                }
            ),
        ]

    def mark(self, state: BatchState, *, owner: str, place: int) -> None:
        """Note which recipient is being sent to, and the codes so far: what is in doubt by now stays so.

        Raises ConditionFailed when the batch is no longer ours.
        """
        guard = _still_ours(state, owner)
        self.table.update(
            _pk(state.message_id, state.shard),
            f"open#{state.id}",
            "SET #at = :at, codes = :codes",
            condition=guard["condition"],
            values=guard["values"] | {":at": place, ":codes": state.codes},
            names={"#at": "at"},
        )

    def release(
        self,
        state: BatchState,
        *,
        owner: str,
        due_at: datetime,
        waiting: WaitReason,
    ) -> None:
        """Give the batch back with what is left in it, until `due_at`. Raises ConditionFailed if it is not ours."""
        self._update_open(state, due_at=due_at, waiting=waiting, guard=_still_ours(state, owner))

    def requeue(self, state: BatchState, *, due_at: datetime, lost: int, now: datetime) -> BatchState:
        """Start the next generation: older copies in the queue become no-ops. Raises ConditionFailed.

        The lease that a lost worker left stays in place: the next one learns from it that the
        outcome may be unknown.
        """
        after = replace(state, generation=state.generation + 1, lost=lost)
        guard = {
            # nobody has re-sent it or given it back since it was read, and no worker holds it
            "condition": "generation = :generation AND due_at = :seen"
            " AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
            "values": {":generation": state.generation, ":seen": state.due_at, ":now": to_text(now)},
        }
        self._update_open(after, due_at=due_at, waiting=WaitReason.QUEUED, guard=guard, keep_lease=True)
        return after

    def reopen_many(self, states: Sequence[BatchState], *, check: dict[str, Any]) -> list[BatchState]:
        """Open up to `REOPENED` settled batches again in their next generation, and return those that were: others
        are open already. Raises ConditionFailed where `check` does not hold, or another transaction is in the way."""
        if self._reopen(states, check):
            return [*states]
        return [state for state in states if self._reopen([state], check)]

    def _reopen(self, states: Sequence[BatchState], check: dict[str, Any]) -> bool:
        """Whether all of them were opened again: none is, if another copy of the job has opened one."""
        parts = [check]
        for state in states:
            done = self.table.deleting(
                _pk(state.message_id, state.shard),
                f"done#{state.id}",
                # it is as it was settled last
                condition="generation = :generation",
                values={":generation": state.generation - 1},
            )
            parts += [done, self.table.putting(_open_item(state))]
        try:
            transact(self.table.client, parts)
        except ConditionFailed as failed:
            checked, *others = failed.reasons
            if checked != "None" or "ConditionalCheckFailed" not in others:
                raise
            return False
        return True

    def put_off(self, state: BatchState, due_at: datetime) -> None:
        """Have the reconciler look again at `due_at`."""
        self.table.update(
            _pk(state.message_id, state.shard),
            f"open#{state.id}",
            "SET due_at = :due_at",
            # nobody has touched it since it was read
            condition="generation = :generation AND due_at = :seen",
            values={":due_at": to_text(due_at), ":generation": state.generation, ":seen": state.due_at},
        )

    def _update_open(
        self,
        state: BatchState,
        *,
        due_at: datetime,
        waiting: WaitReason,
        guard: Mapping[str, Any],
        keep_lease: bool = False,
    ) -> None:
        sets = "generation = :next, codes = :codes, attempts = :attempts, waiting = :waiting"
        sets += ", due_at = :due_at, lost = :lost"
        if state.reason is not None:
            sets += ", reason = :reason"
        values = {
            ":next": state.generation,
            ":codes": state.codes,
            ":attempts": state.attempts,
            ":waiting": waiting,
            ":due_at": to_text(due_at),
            ":lost": state.lost,
            ":reason": state.reason,
        }
        self.table.update(
            _pk(state.message_id, state.shard),
            f"open#{state.id}",
            f"SET {sets}" + ("" if keep_lease else " REMOVE lease_owner, lease_until"),
            condition=guard["condition"],
            values=values | dict(guard["values"]),
        )

    # Reading

    def recipients(self, jobs: Iterable[tuple[str, str]]) -> dict[str, Batch]:
        """The batches behind (message id, batch id), by `<message id>/<batch id>`."""
        keys = {(_pk(message_id, shard_in(batch)), f"batch#{batch}"): (message_id, batch) for message_id, batch in jobs}
        found = self.table.get_many(keys, consistent=False)  # never changed, so never out of date
        missing = keys.keys() - found.keys()
        if missing:
            found |= self.table.get_many(missing)
        return {
            f"{message_id}/{batch}": _batch(found[key]) for key, (message_id, batch) in keys.items() if key in found
        }

    def get_open(self, message_id: str, batch: str) -> BatchState | None:
        """The state of a batch, or None once it is settled."""
        item = self.table.get(_pk(message_id, shard_in(batch)), f"open#{batch}")
        return _open(item) if item else None

    def any_open(self, message_id: str, shard: int) -> bool:
        """Whether a shard has a batch that is not settled; strongly consistent."""
        return any(self.table.query(_pk(message_id, shard), prefix="open#", limit=1, names=["sk"]))

    def open_batches(self, message_id: str, shards: int) -> Iterator[BatchState]:
        """The batches of a message that are not settled."""
        for shard in range(shards):
            yield from map(_open, self.table.query(_pk(message_id, shard), prefix="open#"))

    def done_batches(self, message_id: str, shard: int) -> Iterator[BatchState]:
        """The settled batches of a shard."""
        for item in self.table.query(_pk(message_id, shard), prefix="done#"):
            yield _open(item)

    def tally(self, message_id: str, shards: int, *, once: bool = False) -> Totals:
        """What became of every recipient so far.

        `once` reads each shard by one query, for a caller that knows how many there must be: a batch that
        settles meanwhile may be missing then.
        """
        tally = Totals()
        in_flight = 0
        for shard in range(shards):
            for item in self._states(_pk(message_id, shard), once=once):
                if item["sk"].startswith("skips#"):
                    tally.codes[Outcome.SKIPPED] += len(item["skips"])
                    continue
                state = _open(item)
                tally.codes.update(Outcome(code) for code in state.codes)
                if item["sk"].startswith("open#"):
                    in_flight += len(state.handed_over)
        return replace(tally, in_flight=in_flight)

    def _states(self, pk: str, *, once: bool) -> Iterable[Item]:
        """Each batch of a shard, open or done, and whom its pages passed over.

        A query is no snapshot: a batch that moves from `open#` to `done#`, or back, between two reads would be
        in neither, or in both. So what is open is read before and after what is done, and counts once.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation
        """
        found = {} if once else {_named(item): item for item in self.table.query(pk, prefix="open#")}
        for item in self.table.query(pk, after="done"):  # what is open once more, and the skips
            before = found.get(_named(item))
            if before is None or before["sk"].startswith("open#"):
                found[_named(item)] = item
        return found.values()

    def due(self, now: datetime, *, page: int) -> Iterator[tuple[str, str]]:
        """(message id, batch id) of open batches whose time has come, the longest overdue first, as they are used."""
        for row in self.table.overdue(to_text(now), shards=DUE_SHARDS, page=page):
            yield _message_id(row["pk"]), str(row["sk"]).removeprefix("open#")

    def get_open_many(self, batches: Iterable[tuple[str, str]]) -> list[BatchState]:
        """Those of the batches that are still open, strongly consistent."""
        keys = [(_pk(message_id, shard_in(batch)), f"open#{batch}") for message_id, batch in batches]
        return [_open(item) for item in self.table.get_many(keys).values()]


def next_due(now: datetime, seconds: float, times: int, *, cap: timedelta = timedelta(hours=1)) -> datetime:
    """`now` and `seconds`, doubled for each of `times`, at most `cap` away."""
    return now + min(timedelta(seconds=seconds * 2 ** min(times, 20)), cap)


def _pk(message_id: str, shard: int) -> str:
    return f"{message_id}#{shard}"


def _key(job: Job, kind: str) -> tuple[str, str]:
    """Where what a job is about is stored: the state (`open`), or who is in it (`batch`)."""
    return _pk(job.message_id, job.shard), f"{kind}#{job.batch_id}"


def _message_id(pk: str) -> str:
    return pk.partition("#")[0]


def _named(item: Item) -> str:
    name: str = item["sk"].partition("#")[2]
    return name


def _still_ours(state: BatchState, owner: str) -> dict[str, Any]:
    # the lease is still this worker's
    values = {":generation": state.generation, ":owner": owner}
    return {"condition": "generation = :generation AND lease_owner = :owner", "values": values}


def _open_item(state: BatchState) -> Item:
    return {
        "pk": _pk(state.message_id, state.shard),
        "sk": f"open#{state.id}",
        "channel": state.channel,
        "generation": state.generation,
        "codes": state.codes,
        "attempts": state.attempts,
        "waiting": state.waiting,
        "lost": state.lost,
        "round": state.round or None,
        "due_shard": f"due#{shard_of(f'{state.message_id}/{state.id}', DUE_SHARDS)}",
        "due_at": state.due_at,
        "ttl": state.retain_until,
    }


def _batch(item: Item) -> Batch:
    name = item["sk"].removeprefix("batch#")
    return Batch(
        message_id=_message_id(item["pk"]),
        shard=shard_in(name),
        id=name,
        channel=item["channel"],
        recipients=tuple(item["recipients"]),
    )


def _open(item: Item) -> BatchState:
    return BatchState(
        message_id=_message_id(item["pk"]),
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
        lost=item.get("lost", 0),
        at=item.get("at"),
        reason=item.get("reason"),
        round=item.get("round", 0),
        retain_until=item.get("ttl", 0),
    )
