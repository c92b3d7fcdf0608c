"""What the attempts of one run share, and how each leaves its batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from fanfare.channels.base import Channel
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.batch import BatchState, WaitReason
from fanfare.domain.jobs import Job
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.deliver.compose import Composer, InTime
from fanfare.pipeline.deliver.consequences import Consequences
from fanfare.pipeline.deliver.doubt import Doubts
from fanfare.pipeline.deliver.permission import Permissions
from fanfare.pipeline.deliver.work import Ending
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries

COUNTED_REASONS = {Reason.SENDER_NOT_VERIFIED}
COUNTED_AS = {Outcome.IN_DOUBT: "unknown", Outcome.OUTSTANDING: "retried"}


@dataclass
class RunResult:
    """The result of a run. `again`: job → delay in seconds until its next delivery. `outcomes`: counts."""

    again: dict[Job, float] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    settled: list[BatchState] = field(default_factory=list)  # to be closed together
    asked: set[Job] = field(default_factory=set)  # jobs for which the provider was called: the outcome may be unknown

    def count(self, endings: Iterable[Ending]) -> None:
        """Count outcomes, and the reasons that have an alarm of their own."""
        for ending in endings:
            self.outcomes[COUNTED_AS.get(ending.outcome, ending.outcome.label)] += 1
            if ending.reason in COUNTED_REASONS:
                self.outcomes[ending.reason] += 1


@dataclass(frozen=True, kw_only=True)
class Means:
    """Collaborators and results that the attempts of one run share."""

    owner: str
    time_left: Callable[[], float]
    in_time: InTime
    result: RunResult
    users: dict[str, User]
    channel: Channel
    batches: Batches
    audience: Audience
    deliveries: Deliveries
    clock: Clock
    pace: Pace
    permissions: Permissions
    composer: Composer
    doubts: Doubts
    consequences: Consequences

    def release(self, state: BatchState, waiting: WaitReason, seconds: float) -> None:
        """Release a batch for this number of seconds."""
        due_at = self.clock() + timedelta(seconds=seconds)
        self.batches.leases.release(state, owner=self.owner, due_at=due_at, waiting=waiting)


def close(job: Job, after: BatchState, means: Means, *, deferred: Mapping[int, datetime] | None = None) -> None:
    """Mark a batch as settled, or release it with its remaining recipients.

    `deferred`: index → earliest time at which a recipient may get it.
    """
    deferred, pace = deferred or {}, means.pace
    waiting = set(after.unsettled) - deferred.keys()
    if not after.unsettled:
        means.result.settled.append(after)
    elif not waiting:
        # the copy is dropped: the reconciler re-sends the batch at the first of these times, and the rules apply again
        due_at = min(deferred.values())
        means.batches.leases.release(after, owner=means.owner, due_at=due_at, waiting=WaitReason.DEFERRED)
    elif waiting & {*after.places(Outcome.IN_DOUBT)}:
        means.release(after, WaitReason.DOUBT, pace.doubt_grace)
    else:
        delay = pace.delay(after.attempts)
        # the queue delivers the copy again; the reconciler re-sends it only if the queue does not
        means.release(after, WaitReason.RETRY, delay + pace.stale_after)
        means.result.again[job] = delay
