"""Delivers batches: leases them, reads their data, attempts each, settles them together.

At most one copy of a batch is sent at any time: the lease names its worker, and the generation identifies the current
copy. Outcomes of recipients are recorded before the batch is settled, so a worker that crashes in between leaves a
record of the recipients that were sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from fanfare.channels.base import Channel
from fanfare.clock import Clock
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import SHORT, Batch, BatchState, Leased
from fanfare.domain.jobs import Job
from fanfare.domain.message import OwnData, people_of
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.complete import complete
from fanfare.pipeline.deliver.attempt import Attempt, record
from fanfare.pipeline.deliver.compose import Composer, InTime
from fanfare.pipeline.deliver.consequences import Consequences, Tell
from fanfare.pipeline.deliver.doubt import Doubts
from fanfare.pipeline.deliver.hand_over import HandOver
from fanfare.pipeline.deliver.means import Means, RunResult, close
from fanfare.pipeline.deliver.permission import Permissions
from fanfare.pipeline.deliver.watch import Watch, long_ago
from fanfare.pipeline.deliver.work import Work
from fanfare.pipeline.digests.contents import DigestContents
from fanfare.signing.links import Links
from fanfare.signing.person_ids import is_person_id
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.earlier_steps import EarlierSteps
from fanfare.store.inbox import Inboxes
from fanfare.store.messages import Messages
from fanfare.store.together import messages_and_users
from fanfare.templates.renderer import Renderer

log = logging.getLogger(__name__)

Key = tuple[str, str]  # message id, batch id


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """The collaborators of a delivery; `run` is the use case.

    `overall`: channel → rate limit per user across all topics. `time_zone`: of users without one. `tell_endpoint`:
    publishes that an endpoint was switched off.
    """

    channel: Channel
    batches: Batches
    messages: Messages
    audience: Audience
    catalogue: Catalogue
    deliveries: Deliveries
    inboxes: Inboxes
    digests: DigestContents
    renderer: Renderer
    clock: Clock
    pace: Pace
    links: Links | None = None
    overall: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    time_zone: str = "UTC"
    sleep: Callable[[float], None] = time.sleep
    tell_endpoint: Tell | None = None

    def run(self, jobs: Sequence[Job], *, owner: str, time_left: Callable[[], float]) -> RunResult:
        """Deliver the batches of `jobs` with shared reads. An error in one batch does not affect the others."""
        now = self.clock()
        self.channel.begin()
        means = self._means(owner, time_left)
        until = now + timedelta(seconds=self.pace.lease)
        taken = self.batches.leases.take_many(jobs, owner=owner, now=now, until=until)
        leased = taken.leased
        means.result.again |= dict.fromkeys(taken.unknown, 0.0)
        try:
            attempts = self._read(leased, means)
        except Exception:
            log.exception("data of the batches could not be read", extra={"batches": len(leased)})
            self._hand_back(leased, means)
            return means.result
        closing = Closing(means=means, messages=self.messages, at=now)
        watch = Watch((attempt.work.message for attempt in attempts), messages=self.messages, clock=self.clock)
        for some in rounds(attempts, self.channel.batch_size * self.channel.side_by_side):
            begun = [attempt for attempt in some if _begun(attempt, watch)]
            for done in HandOver(means=means, watch=watch).run(begun):
                _finish(done, means)
                closing.now_and_then()
        closing.settle()
        return means.result

    def _means(self, owner: str, time_left: Callable[[], float]) -> Means:
        permissions = Permissions(
            channel=self.channel,
            audience=self.audience,
            catalogue=self.catalogue,
            batches=self.batches,
            earlier_steps=EarlierSteps(deliveries=self.deliveries, inboxes=self.inboxes),
            clock=self.clock,
            stale_after=self.pace.stale_after,
            overall=self.overall,
            time_zone=self.time_zone,
            sleep=self.sleep,
        )
        return Means(
            owner=owner,
            time_left=time_left,
            in_time=InTime(time_left),
            result=RunResult(),
            users={},
            channel=self.channel,
            batches=self.batches,
            audience=self.audience,
            deliveries=self.deliveries,
            clock=self.clock,
            pace=self.pace,
            permissions=permissions,
            composer=Composer(channel=self.channel, catalogue=self.catalogue, renderer=self.renderer, links=self.links),
            doubts=Doubts(channel=self.channel, deliveries=self.deliveries, max_attempts=self.pace.max_attempts),
            consequences=Consequences(
                channel=self.channel, audience=self.audience, clock=self.clock, tell=self.tell_endpoint
            ),
        )

    def _read(self, leased: Mapping[Job, Leased], means: Means) -> list[Attempt]:
        """One attempt per batch. Messages are read after the leases are taken: either a DELETE is seen here, or the
        DELETE sees the lease and counts the batch as in flight."""
        waiting = {batch.recipients[place] for state, batch in leased.values() for place in state.unsettled}
        stored = (user_id for user_id in waiting if not is_person_id(user_id))
        messages, users = messages_and_users(
            self.messages, self.audience.users, [job.message_id for job in leased], stored
        )
        means.users.update(users)
        known = self.batches.own.read(each.batch for each in leased.values() if each.batch.shard != SHORT)
        attempts = []
        for job, (state, batch) in leased.items():
            if job.message_id not in messages:  # removed by TTL while a batch was open
                log.error("a batch without a message", extra={"message_id": job.message_id, "batch_id": job.batch_id})
                means.result.settled.append(state.with_outcomes(dict.fromkeys(state.unsettled, Outcome.FAILED)))
                continue
            message, payload = messages[job.message_id]
            if message.digest_of is not None:
                known |= self._of_digest(batch, state, known)
            in_body = {user_id: payload.own.get(user_id) for user_id in batch.with_own}
            own = known.get((batch.message_id, batch.id), in_body if batch.shard == SHORT else {})
            names = frozenset(name for each in own.values() if each is not None for name in each.data)
            work = Work(state=state, batch=batch, message=message, payload=payload, own=own, overlaid=names)
            work = replace(work, people=self.audience.people.read(people_of(work.pending, own)))
            attempts.append(Attempt(job=job, work=work, means=means))
        return attempts

    def _of_digest(self, batch: Batch, state: BatchState, known: Mapping[Key, OwnData]) -> dict[Key, OwnData]:
        """What a digest says to those recipients of a batch who wait for it."""
        key = (batch.message_id, batch.id)
        waiting = {batch.recipients[place] for place in state.unsettled}
        references = {user_id: own for user_id, own in known.get(key, {}).items() if user_id in waiting}
        return {key: self.digests.of(references)}

    def _hand_back(self, leased: Mapping[Job, Leased], means: Means) -> None:
        """Release batches before a provider was called: no outcome is in doubt, no attempt is counted."""
        for job, (state, _) in leased.items():
            if state.lease_owner is not None:
                continue  # an earlier worker may have sent it: the next worker resolves the doubt
            with _lease_stays(job):
                close(job, state, means)


def rounds(attempts: Iterable[Attempt], size: int) -> list[list[Attempt]]:
    """Batches that are handed over together: at most this number of recipients, or one batch."""
    found: list[list[Attempt]] = []
    left: list[int] = []
    for attempt in attempts:
        number = len(attempt.work.state.unsettled)
        place = next((place for place, room in enumerate(left) if number <= room), len(left))
        if place == len(left):
            found.append([])
            left.append(size)
        found[place].append(attempt)
        left[place] -= number
    return found


def _begun(attempt: Attempt, watch: Watch) -> bool:
    """Whether the attempt goes on. An error affects no other batch."""
    goes_on = attempt.part(lambda: attempt.begin(watch.current(attempt.job.message_id)))
    if attempt.error is not None:
        _broken_off(attempt)
    return bool(goes_on)


def _finish(attempts: Iterable[Attempt], means: Means) -> None:
    """Record what was found out, together; then settle or release each batch."""
    concluded = {attempt: attempt.part(attempt.conclude) for attempt in attempts}
    record({attempt: found for attempt, found in concluded.items() if found is not None}, means)
    for attempt in concluded:
        attempt.part(attempt.end)
        if attempt.error is not None:
            _broken_off(attempt)


def _broken_off(attempt: Attempt) -> None:
    """Handle an error of an attempt."""
    job, said = attempt.job, {"message_id": attempt.job.message_id, "batch_id": attempt.job.batch_id}
    if isinstance(attempt.error, ConditionFailed):
        log.warning("lease lost", extra=said)
        return
    log.error("attempt failed with an error", extra=said, exc_info=attempt.error)
    # an earlier worker may have sent it: the batch keeps that lease, and the next worker resolves the doubt
    if job not in attempt.means.result.asked and not attempt.lost:
        with _lease_stays(job):
            attempt.give_back()


@contextmanager
def _lease_stays(job: Job) -> Iterator[None]:
    """Log an error of a release: the batch is taken over when its lease ends, and the others continue."""
    try:
        yield
    except Exception:
        log.exception("batch not released", extra={"message_id": job.message_id, "batch_id": job.batch_id})


@dataclass(kw_only=True)
class Closing:
    """Closes batches that the attempts of a run have settled. After a failure they are kept for another try."""

    means: Means
    messages: Messages
    at: datetime  # of the last call
    repeated: bool = False

    def now_and_then(self) -> None:
        """Settle between two rounds, if the last time is long ago. A failure must not affect the next batch."""
        if not long_ago(self.at, self.means.clock()):
            return
        try:
            self.settle()
        except Exception:
            log.exception("not settled yet", extra={"batches": len(self.means.result.settled)})
            self.repeated = True

    def settle(self) -> None:
        """Close batches settled since the last call, and complete messages without open batches."""
        means, now = self.means, self.means.clock()
        states = means.result.settled
        closed = means.batches.settlements.settle_many(states, owner=means.owner, now=now)
        if self.repeated:
            closed = states  # the first try may have closed some without an answer
        for message_id, shard in dict.fromkeys((state.message_id, state.shard) for state in closed):
            complete(message_id, messages=self.messages, batches=means.batches, now=now, shard=shard)
        means.result.settled, self.repeated, self.at = [], False, now
