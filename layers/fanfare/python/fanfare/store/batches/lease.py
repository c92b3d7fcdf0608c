"""Leases: which worker may send a batch, and its writes during the lease."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import to_text
from fanfare.domain.batch import BatchState, Leased, WaitReason
from fanfare.domain.jobs import Job
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Unavailable
from fanfare.store.batches.rows import charges, job_key, read_batch, read_state, shard_pk, still_ours

log = logging.getLogger(__name__)

UNSURE = (ClientError, BotoCoreError, Unavailable)  # the call failed, or took effect without an answer
LEASE = "SET lease_owner = :owner, lease_until = :until"
NOTING = f"{LEASE}, noted_by = :owner"  # the worker notes recipients before they are handed over

LEASE_ATTEMPTS = 4  # at a batch in a conflicting transaction; then the queue delivers the copy again


@dataclass(frozen=True)
class Taken:
    """Leased batches, and jobs whose lease is unknown and which must be delivered again."""

    leased: Mapping[Job, Leased]
    unknown: tuple[Job, ...] = ()


class BatchLeases:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def take_many(self, jobs: Iterable[Job], *, owner: str, now: datetime, until: datetime) -> Taken:
        """Lease the batches for `owner`. Returns each in its state before, with the lease of a crashed worker if any.

        Batches without work are left out: settled, an old copy, leased by another worker, or waiting for an event of
        the provider (a queue may deliver a copy twice). Batches without a lease are taken in one transaction; if one
        has changed since the read, each separately.
        """
        jobs = list(dict.fromkeys(jobs))
        found = self.table.get_many([job_key(job, kind) for job in jobs for kind in ("open", "batch")])
        there = [job for job in jobs if job_key(job, "open") in found and job_key(job, "batch") in found]
        read = {job: read_state(found[job_key(job, "open")]) for job in there}
        current = {job: state for job, state in read.items() if state.generation == job.generation}
        free = {job: s for job, s in current.items() if not s.leased(now) and not s.awaits_event(now)}
        fresh = {job: state for job, state in free.items() if state.lease_owner is None}
        taken = fresh if len(fresh) > 1 and self._take_together([*fresh.values()], owner, until) else {}
        alone: dict[Job, BatchState] = {}
        unknown: list[Job] = []
        for job, state in free.items():
            if job in taken:
                continue
            try:
                if before := self._take_alone(state, owner, now, until):
                    alone[job] = before
            except UNSURE:  # the others continue
                log.exception("no lease", extra={"message_id": state.message_id, "batch_id": state.id})
                unknown.append(job)
        batches = {job: read_batch(found[job_key(job, "batch")]) for job in taken | alone}
        return Taken({job: Leased(state, batches[job]) for job, state in (taken | alone).items()}, tuple(unknown))

    def _take_together(self, states: Sequence[BatchState], owner: str, until: datetime) -> bool:
        """Lease all of them or none. Returns False if one has changed since the read."""
        transaction = Transaction()
        for state in states:
            transaction.update(
                self.table,
                (shard_pk(state.message_id, state.shard), f"open#{state.id}"),
                NOTING,
                # not changed since it was read
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
        try:
            transaction.run()
        except (ConditionFailed, *UNSURE):
            return False  # then each separately, which also detects leases that did take effect
        return True

    def _take_alone(self, read: BatchState, owner: str, now: datetime, until: datetime) -> BatchState | None:
        """The batch before the lease; None if there is nothing to do. Raises one of UNSURE if the result is unknown."""
        # a lost worker that noted nothing leaves everybody in doubt, also if the next one is lost before its release
        noted = read.lease_owner is None or read.noted
        mine = replace(read, lease_owner=owner, lease_until=to_text(until), noted=noted)

        def attempt() -> BatchState | None:
            try:
                before = self.table.update(
                    shard_pk(read.message_id, read.shard),
                    f"open#{read.id}",
                    NOTING if noted else LEASE,
                    # open, this copy is the current one, no valid lease, and not waiting for an event
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
                if not failed.refused:  # conflict with a transaction that may not change it: repeat
                    raise
                # the SDK repeats a call whose answer was lost, and finds its own lease
                return read if failed.found and read_state(failed.found) == mine else None
            return read_state(before)

        return until_settled(attempt, attempts=LEASE_ATTEMPTS, sleep=self.table.sleep)

    def note(self, state: BatchState, *, owner: str, places: Sequence[int]) -> None:
        """Store who is handed over to the provider next, and the codes so far: before an answer, they are in doubt.

        Raises ConditionFailed if the lease is lost.
        """
        guard = still_ours(state, owner)
        noted = state.with_outcomes(dict.fromkeys(places, Outcome.IN_DOUBT))
        self.table.update(
            shard_pk(state.message_id, state.shard),
            f"open#{state.id}",
            "SET #at = :at, codes = :codes",
            condition=guard["condition"],
            values=guard["values"] | {":at": places[-1], ":codes": noted.codes},
            names={"#at": "at"},
        )

    def charge(self, transaction: Transaction, state: BatchState, *, owner: str, name: str) -> None:
        """Store the charges against limits, in the transaction that charges the users."""
        guard = still_ours(state, owner)
        transaction.update(
            self.table,
            (shard_pk(state.message_id, state.shard), f"open#{state.id}"),
            "SET charges = :charges",
            condition=guard["condition"],
            values=guard["values"] | {":charges": charges(state)},
            name=name,
        )

    def release(
        self,
        state: BatchState,
        *,
        owner: str,
        due_at: datetime,
        waiting: WaitReason,
    ) -> None:
        """Release the batch with its outstanding work until `due_at`. Raises ConditionFailed if the lease is lost."""
        self._update_open(state, due_at=due_at, waiting=waiting, guard=still_ours(state, owner))

    def requeue(self, state: BatchState, *, due_at: datetime, lost: int, now: datetime) -> BatchState:
        """Start the next generation; older copies in the queue become no-ops. Raises ConditionFailed.

        The lease of a crashed worker is kept: it shows the next worker that outcomes may be unknown.
        """
        after = replace(state, generation=state.generation + 1, lost=lost)
        guard = {
            # not re-sent or released since the read, and no valid lease
            "condition": "generation = :generation AND due_at = :seen"
            " AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
            "values": {":generation": state.generation, ":seen": state.due_at, ":now": to_text(now)},
        }
        self._update_open(after, due_at=due_at, waiting=WaitReason.QUEUED, guard=guard, keep_lease=True)
        return after

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
        if state.waits:
            sets += ", waits = :waits"
        if state.at is not None:
            sets += ", #at = :at"
        removes = ("lease_owner", "lease_until", *([] if state.waits else ["waits"]))
        values = {
            ":next": state.generation,
            ":codes": state.codes,
            ":attempts": state.attempts,
            ":waiting": waiting,
            ":due_at": to_text(due_at),
            ":lost": state.lost,
            ":reason": state.reason,
            ":waits": [[wait.at, *wait.places] for wait in state.waits] or None,
            ":at": state.at,
        }
        self.table.update(
            shard_pk(state.message_id, state.shard),
            f"open#{state.id}",
            f"SET {sets}" + ("" if keep_lease else f" REMOVE {', '.join(removes)}"),
            condition=guard["condition"],
            values=values | dict(guard["values"]),
            names={"#at": "at"} if state.at is not None else None,
        )
