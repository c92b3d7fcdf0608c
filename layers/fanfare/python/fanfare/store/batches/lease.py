"""Leases: which worker may send a batch, and its writes during the lease."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.changes import Change
from fanfare.aws.codec import Item
from fanfare.aws.retries import Sleep, until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import SHORT, BatchState, Leased, WaitReason
from fanfare.domain.jobs import Job
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Unavailable
from fanfare.store.batches.items import BatchItems
from fanfare.store.batches.places import Place, Places, batch_in, due_with_others, state_in, still_ours
from fanfare.store.batches.rows import charges, job_key, read_batch, read_state

log = logging.getLogger(__name__)

UNSURE = (ClientError, BotoCoreError, Unavailable)  # the call failed, or took effect without an answer
LEASE_ATTEMPTS = 4  # at a batch in a conflicting transaction; then the queue delivers the copy again


@dataclass(frozen=True)
class Taken:
    """Leased batches, and jobs whose lease is unknown and which must be delivered again."""

    leased: Mapping[Job, Leased]
    unknown: tuple[Job, ...] = ()


class BatchLeases:
    def __init__(self, items: BatchItems, places: Places, *, sleep: Sleep) -> None:
        self.items = items
        self.places = places
        self.sleep = sleep

    def take_many(self, jobs: Iterable[Job], *, owner: str, now: datetime, until: datetime) -> Taken:
        """Lease the batches for `owner`. Returns each in its state before, with the lease of a crashed worker if any.

        Batches without work are left out: settled, an old copy, leased by another worker, or waiting for an event of
        the provider (a queue may deliver a copy twice). Batches without a lease are taken in one transaction; if one
        has changed since the read, each separately.
        """
        jobs = list(dict.fromkeys(jobs))
        if len(jobs) == 1 and jobs[0].shard == SHORT:
            return self._take_unread(jobs[0], owner, now, until)
        found = self.items.get_many([job_key(job, kind) for job in jobs for kind in ("open", "batch")])
        there = [job for job in jobs if job_key(job, "open") in found and job_key(job, "batch") in found]
        read = {job: read_state(found[job_key(job, "open")]) for job in there}
        free = {job: state for job, state in read.items() if _is_free(state, job, now)}
        fresh = _one_an_item({job: state for job, state in free.items() if state.lease_owner is None})
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

    def _take_unread(self, job: Job, owner: str, now: datetime, until: datetime) -> Taken:
        """Lease one batch of the short way in one call, which returns it."""
        place = self.places.of(job.message_id, SHORT, job.batch_id)
        fresh = Change(conditions=(f"attribute_not_exists({place.p}lease_owner)",))
        change = _lease(place, owner, until) + _still_free(place, job.generation, now) + fresh
        try:
            try:
                item: Item | None = place.update(change, old=True)
                before: BatchState | None = state_in(item, job.batch_id)
            except ConditionFailed as failed:
                item = failed.found or self.places.messages.get(*place.key)
                state = state_in(item, job.batch_id)
                before = self._taken_after_all(state, job, owner, now, until) if state else None
        except UNSURE:
            log.exception("no lease", extra={"message_id": job.message_id, "batch_id": job.batch_id})
            return Taken({}, (job,))
        return Taken({job: Leased(before, batch_in(item or {}, job.batch_id))} if before else {})

    def _taken_after_all(
        self, state: BatchState, job: Job, owner: str, now: datetime, until: datetime
    ) -> BatchState | None:
        """The batch before the lease, if there is something to do: e.g. another worker's lease has ended."""
        if (state.lease_owner, state.lease_until) == (owner, to_text(until)):
            # the SDK repeats a call whose answer was lost, and finds its own lease
            return replace(state, lease_owner=None, lease_until=None, noted=False)
        return self._take_alone(state, owner, now, until) if _is_free(state, job, now) else None

    def _take_together(self, states: Sequence[BatchState], owner: str, until: datetime) -> bool:
        """Lease all of them or none. Returns False if one has changed since the read."""
        transaction = Transaction()
        for state in states:
            place = self.places.of_state(state)
            p = place.p
            # not changed since it was read
            unchanged = Change(
                conditions=(
                    f"{p}generation = :generation AND {p}due_at = :due_at AND {p}codes = :codes"
                    f" AND {p}attempts = :attempts AND attribute_not_exists({p}lease_until)",
                ),
                values={
                    ":generation": state.generation,
                    ":due_at": state.due_at,
                    ":codes": state.codes,
                    ":attempts": state.attempts,
                },
            )
            transaction.update(**place.arguments(_lease(place, owner, until) + unchanged))
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
        place = self.places.of_state(read)
        change = _lease(place, owner, until, noted=noted) + _still_free(place, read.generation, now)

        def attempt() -> BatchState | None:
            try:
                before = place.update(change, old=True)
            except ConditionFailed as failed:
                if not failed.refused:  # conflict with a transaction that may not change it: repeat
                    raise
                # the SDK repeats a call whose answer was lost, and finds its own lease
                return read if failed.found and _state(failed.found, read) == mine else None
            return _state(before, read)

        return until_settled(attempt, attempts=LEASE_ATTEMPTS, sleep=self.sleep)

    def note(self, state: BatchState, *, owner: str, places: Sequence[int]) -> None:
        """Store who is handed over to the provider next, and the codes so far: before an answer, they are in doubt.

        Raises ConditionFailed if the lease is lost.
        """
        noted = state.with_outcomes(dict.fromkeys(places, Outcome.IN_DOUBT))
        place = self.places.of_state(state)
        change = Change(
            sets=(f"{place.p}#at = :at", f"{place.p}codes = :codes"),
            values={":at": places[-1], ":codes": noted.codes},
            names={"#at": "at"},
        )
        place.update(change + still_ours(place, state, owner))

    def charge(self, transaction: Transaction, state: BatchState, *, owner: str, name: str) -> None:
        """Store the charges against limits, in the transaction that charges the users."""
        place = self.places.of_state(state)
        change = Change(sets=(f"{place.p}charges = :charges",), values={":charges": charges(state)})
        transaction.update(**place.arguments(change + still_ours(place, state, owner)), name=name)

    def release(
        self,
        state: BatchState,
        *,
        owner: str,
        due_at: datetime,
        waiting: WaitReason,
    ) -> None:
        """Release the batch with its outstanding work until `due_at`. Raises ConditionFailed if the lease is lost."""
        place = self.places.of_state(state)
        p = place.p
        attributes = ("lease_owner", "lease_until", *([] if state.waits else ["waits"]))
        over = Change(removes=tuple(f"{p}{name}" for name in attributes)) + still_ours(place, state, owner)
        after = replace(state, due_at=to_text(due_at), waiting=waiting)
        self.places.write(
            state,
            lambda read: _opened(place, after) + over + due_with_others(read, to_text(due_at)),
            still=lambda found: (found.generation, found.lease_owner) == (state.generation, owner),
        )

    def requeue(self, state: BatchState, *, due_at: datetime, lost: int, now: datetime) -> BatchState:
        """Start the next generation; older copies in the queue become no-ops. Raises ConditionFailed.

        The lease of a crashed worker is kept: it shows the next worker that outcomes may be unknown.
        """
        after = replace(state, generation=state.generation + 1, lost=lost)
        place = self.places.of_state(state)
        p = place.p
        # not re-sent or released since the read, and no valid lease
        unchanged = Change(
            conditions=(
                f"{p}generation = :generation AND {p}due_at = :seen"
                f" AND (attribute_not_exists({p}lease_until) OR {p}lease_until <= :now)",
            ),
            values={":generation": state.generation, ":seen": state.due_at, ":now": to_text(now)},
        )
        queued = _opened(place, replace(after, due_at=to_text(due_at), waiting=WaitReason.QUEUED))
        self.places.write(
            state,
            lambda read: queued + unchanged + due_with_others(read, to_text(due_at)),
            still=lambda found: (found.generation, found.due_at) == (state.generation, state.due_at),
        )
        return after

    def put_off(self, state: BatchState, due_at: datetime) -> None:
        """Have the reconciler check again at `due_at`. Raises ConditionFailed if the batch changed since the read."""
        place = self.places.of_state(state)
        p = place.p
        # not changed since it was read
        later = Change(
            sets=(f"{p}due_at = :due_at",),
            conditions=(f"{p}generation = :generation AND {p}due_at = :seen",),
            values={":due_at": to_text(due_at), ":generation": state.generation, ":seen": state.due_at},
        )
        self.places.write(
            state,
            lambda read: later + due_with_others(read, to_text(due_at)),
            still=lambda found: (found.generation, found.due_at) == (state.generation, state.due_at),
        )


def _is_free(state: BatchState, job: Job, now: datetime) -> bool:
    """Whether this copy is the current one, and no other worker or event is waited for."""
    return state.generation == job.generation and not state.leased(now) and not state.awaits_event(now)


def _one_an_item(states: Mapping[Job, BatchState]) -> dict[Job, BatchState]:
    """Those that can be in one transaction: the batches of a message of the short way lie in one item."""
    found: dict[tuple[str, str], Job] = {}
    for job, state in states.items():
        found.setdefault((state.message_id, "" if state.shard == SHORT else state.id), job)
    return {job: states[job] for job in found.values()}


def _lease(place: Place, owner: str, until: datetime, *, noted: bool = True) -> Change:
    """`noted`: the worker notes recipients before they are handed over."""
    p = place.p
    sets = [f"{p}lease_owner = :owner", f"{p}lease_until = :until", *([f"{p}noted_by = :owner"] if noted else [])]
    return Change(sets=sets, values={":owner": owner, ":until": to_text(until)})


def _still_free(place: Place, generation: int, now: datetime) -> Change:
    """Open, this copy is the current one, no valid lease, and not waiting for an event."""
    p = place.p
    return Change(
        conditions=(
            f"{p}generation = :generation AND (attribute_not_exists({p}lease_until) OR {p}lease_until <= :now)"
            f" AND ({p}waiting <> :doubt OR {p}due_at <= :now)",
        ),
        values={":generation": generation, ":now": to_text(now), ":doubt": WaitReason.DOUBT},
    )


def _state(item: Item, read: BatchState) -> BatchState | None:
    """The state of the batch in its item."""
    return state_in(item, read.id) if read.shard == SHORT else read_state(item)


def _opened(place: Place, state: BatchState) -> Change:
    """Store the state of a batch that stays open."""
    p = place.p
    values: dict[str, Any] = {
        "generation": state.generation,
        "codes": state.codes,
        "attempts": state.attempts,
        "waiting": state.waiting,
        "due_at": state.due_at,
        "lost": state.lost,
        "reason": state.reason,
        "waits": [[wait.at, *wait.places] for wait in state.waits] or None,
        "#at": state.at,
    }
    known = {name: value for name, value in values.items() if value is not None}
    return Change(
        sets=[f"{p}{name} = :new_{name.lstrip('#')}" for name in known],
        values={f":new_{name.lstrip('#')}": value for name, value in known.items()},
        names={"#at": "at"} if "#at" in known else {},
    )
