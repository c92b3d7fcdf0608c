"""Send batches: lease them, read what they need, attempt each, settle them together.

Of the copies of a batch at most one is being sent at any time: the lease says whose it is, and the
generation says which copy is the current one. The outcome of each recipient is recorded before the
batch is settled, so a worker that dies in between leaves a record of the recipients already sent to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from fanfare.channels.base import Channel
from fanfare.clock import Clock
from fanfare.domain.batch import Leased
from fanfare.domain.jobs import Job
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.complete import complete
from fanfare.pipeline.deliver.attempt import Attempt, Means, RunResult, close
from fanfare.pipeline.deliver.compose import Composer
from fanfare.pipeline.deliver.doubt import Doubts
from fanfare.pipeline.deliver.permission import Permissions
from fanfare.pipeline.deliver.work import Work
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.templates.renderer import Renderer

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = (
    0.5  # older than this, a message is read again before its next batch, and settled batches are closed
)


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """The collaborators of a delivery; `run` is the use case.

    `overall` is, by channel, a user's limit across all topics.
    """

    channel: Channel
    batches: Batches
    messages: Messages
    audience: Audience
    catalogue: Catalogue
    deliveries: Deliveries
    renderer: Renderer
    clock: Clock
    pace: Pace
    links: Links | None = None
    overall: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep

    def run(self, jobs: Sequence[Job], *, owner: str, time_left: Callable[[], float]) -> RunResult:
        """Deliver the batches behind `jobs`, which share the reads; one that goes wrong does not hold up the rest."""
        now = self.clock()
        means = self._means(owner, time_left)
        until = now + timedelta(seconds=self.pace.lease)
        taken = self.batches.leases.take_many(jobs, owner=owner, now=now, until=until)
        leased = taken.leased
        means.result.again |= dict.fromkeys(taken.unknown, 0.0)
        try:
            attempts = self._read(leased, means)
        except Exception:
            log.exception("what the batches need can't be read", extra={"batches": len(leased)})
            self._hand_back(leased, means)
            return means.result
        closing = Closing(means=means, messages=self.messages)
        seen = {attempt.work.message.id: (self.clock(), attempt.work.message) for attempt in attempts}
        for attempt in attempts:
            if self._long_ago(seen[attempt.work.message.id][0]):
                closing.try_to_settle()
            self._attempt(attempt, seen)
        closing.settle()
        return means.result

    def _means(self, owner: str, time_left: Callable[[], float]) -> Means:
        permissions = Permissions(
            channel=self.channel,
            audience=self.audience,
            catalogue=self.catalogue,
            batches=self.batches,
            clock=self.clock,
            stale_after=self.pace.stale_after,
            overall=self.overall,
            sleep=self.sleep,
        )
        return Means(
            owner=owner,
            time_left=time_left,
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
        )

    def _read(self, leased: Mapping[Job, Leased], means: Means) -> list[Attempt]:
        """One attempt per batch. Messages are read after the leases: a DELETE is either seen here, or sees the lease
        and counts the batch as in flight."""
        messages = self.messages.get_many([job.message_id for job in leased])
        attempts = []
        for job, (state, batch) in leased.items():
            if job.message_id not in messages:  # it was forgotten while something of it was open
                log.error("a batch without a message", extra={"message_id": job.message_id, "batch_id": job.batch_id})
                means.result.settled.append(state.with_outcomes(dict.fromkeys(state.unsettled, Outcome.FAILED)))
                continue
            message, payload = messages[job.message_id]
            work = Work(state=state, batch=batch, message=message, payload=payload)
            attempts.append(Attempt(job=job, work=work, means=means))
        wanted = {user for attempt in attempts for user in attempt.work.pending}
        means.users.update(self.audience.users.get_many(wanted) if wanted else {})
        return attempts

    def _attempt(self, attempt: Attempt, seen: dict[str, tuple[datetime, Message]]) -> None:
        """Attempt one batch. A failure affects no other batch."""
        work, means, job = attempt.work, attempt.means, attempt.job
        said = {"message_id": job.message_id, "batch_id": job.batch_id}
        try:
            attempt.work = replace(work, message=self._message(work.message.id, seen))
            attempt.run()
        except ConditionFailed:
            log.warning("lease lost", extra=said)
        except Exception:
            log.exception("attempt broke", extra=said)
            # what a lost worker may have sent is not forgotten: its batch keeps a lease, and is taken over again
            if job not in means.result.asked and work.state.lease_owner is None:
                with _lease_stays(job):
                    attempt.give_back()

    def _long_ago(self, at: datetime) -> bool:
        return (self.clock() - at).total_seconds() > LOOK_AGAIN_SECONDS

    def _message(self, message_id: str, seen: dict[str, tuple[datetime, Message]]) -> Message:
        """The message; if the batches before took long, as it is now: what was deleted meanwhile is not sent."""
        at, message = seen[message_id]
        if self._long_ago(at):
            message = self.messages.get_many([message_id]).get(message_id, (message,))[0]
            seen[message_id] = self.clock(), message
        return message

    def _hand_back(self, leased: Mapping[Job, Leased], means: Means) -> None:
        """No provider was called: no outcome is in doubt, and no attempt is spent."""
        for job, (state, _) in leased.items():
            if state.lease_owner is not None:
                continue  # what a lost worker may have sent is not forgotten: it is taken over again
            with _lease_stays(job):
                close(job, state, means)


@contextmanager
def _lease_stays(job: Job) -> Iterator[None]:
    """A batch that can't be given back is taken over once its lease has ended; the others go on."""
    try:
        yield
    except Exception:
        log.exception("a lease stays", extra={"message_id": job.message_id, "batch_id": job.batch_id})


@dataclass(kw_only=True)
class Closing:
    """Closes batches that the attempts of a run have settled. If that fails, they are kept for another try."""

    means: Means
    messages: Messages
    repeated: bool = False

    def try_to_settle(self) -> None:
        """Settle between two attempts. A failure must not count as one of the next batch."""
        try:
            self.settle()
        except Exception:
            log.exception("not settled yet", extra={"batches": len(self.means.result.settled)})
            self.repeated = True

    def settle(self) -> None:
        """Close what was settled since the last time, and bring to rest what has nothing open any more."""
        means, now = self.means, self.means.clock()
        states = means.result.settled
        closed = means.batches.settlements.settle_many(states, owner=means.owner, now=now)
        if self.repeated:
            closed = states  # the first try may have closed some of them, and lost the answer
        for message_id, shard in dict.fromkeys((state.message_id, state.shard) for state in closed):
            complete(message_id, messages=self.messages, batches=means.batches, now=now, shard=shard)
        means.result.settled, self.repeated = [], False
