"""One attempt at one leased batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fanfare.channels.base import Channel, Envelope, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import User
from fanfare.domain.batch import BatchState, WaitReason
from fanfare.domain.delivery import Delivery
from fanfare.domain.eligibility import Action, Verdict
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import UNSETTLED, Outcome
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.deliver.compose import PROVIDER_SECONDS, Composer
from fanfare.pipeline.deliver.doubt import Doubts
from fanfare.pipeline.deliver.permission import Permissions
from fanfare.pipeline.deliver.work import OUTCOME_UNKNOWN, Ending, Work
from fanfare.pipeline.refusals import remember
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.templates.body import offers

OF_KIND = {
    Kind.SENT: Outcome.SENT,
    Kind.PERMANENT: Outcome.FAILED,
    Kind.TEMPORARY: Outcome.OUTSTANDING,
    Kind.THROTTLED: Outcome.OUTSTANDING,
    Kind.UNKNOWN: Outcome.IN_DOUBT,
}

# The user could not be charged, because other deliveries were counted at every try
CONTENDED = SendResult(Kind.TEMPORARY, Reason.USER_CONTENDED)
COUNTED_AS = {Outcome.IN_DOUBT: "unknown", Outcome.OUTSTANDING: "retried"}


@dataclass
class RunResult:
    """The result of a run. `again`: job → delay in seconds until its next delivery. `outcomes`: counts."""

    again: dict[Job, float] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    settled: list[BatchState] = field(default_factory=list)  # to be closed together
    asked: set[Job] = field(default_factory=set)  # jobs for which the provider was called: the outcome may be unknown

    def count(self, endings: Iterable[Ending]) -> None:
        """Count outcomes."""
        self.outcomes.update(COUNTED_AS.get(ending.outcome, ending.outcome.label) for ending in endings)


@dataclass(frozen=True, kw_only=True)
class Means:
    """Collaborators and results that the attempts of one run share."""

    owner: str
    time_left: Callable[[], float]
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


@dataclass(kw_only=True)
class Attempt:
    """One batch: the work, and the outcomes of its recipients so far."""

    job: Job
    work: Work
    means: Means
    endings: dict[int, Ending] = field(default_factory=dict)
    deferred: dict[int, datetime] = field(default_factory=dict)  # index → earliest time
    contended: frozenset[int] = frozenset()  # an attempt is spent on them, so that they come to an end

    def run(self) -> None:
        """Send to all remaining recipients that the rules allow; then settle or release the batch."""
        work, means = self.work, self.means
        if work.state.lease_owner is not None:
            self._take_over()
        elif work.message.state is State.DELETED:
            self._stop(Ending(Outcome.DELETED))
        elif work.message.expired(means.clock()):
            self._stop(Ending(Outcome.FAILED, Reason.EXPIRED))
        elif means.time_left() < PROVIDER_SECONDS:
            self.means.release(work.state, WaitReason.QUEUED, means.pace.stale_after)
            means.result.again[self.job] = 0.0
        else:
            self._send()

    def give_back(self) -> None:
        """Release after our own code failed before the provider call: counts an attempt, no outcome is in doubt."""
        state = self.work.state
        after = replace(state, attempts=state.attempts + 1, reason=Reason.INTERNAL_ERROR)
        if after.attempts >= self.means.pace.max_attempts:
            self._stop(Ending(Outcome.FAILED, Reason.INTERNAL_ERROR))
        else:
            close(self.job, after, self.means)

    def _take_over(self) -> None:
        """Handle the lease of a crashed worker, which may have called the provider: wait for the provider's events."""
        state = self.work.state
        doubts = self.means.doubts.left_by_a_lost_worker(self.work)
        self.means.result.outcomes["unknown"] += sum(each is Outcome.IN_DOUBT for each in doubts.values())
        after = replace(state.with_outcomes(doubts), attempts=state.attempts + 1)
        if after.unsettled:
            self.means.release(after, WaitReason.DOUBT, self.means.pace.doubt_grace)
        else:
            self.means.result.settled.append(after)

    def _stop(self, ending: Ending) -> None:
        """Send nothing more: one outcome for all, except recipients that were, or may have been, sent before."""
        self.endings = dict.fromkeys(self.work.state.unsettled, ending) | self.means.doubts.at_the_end(self.work)
        self._record(self.endings, attempts=self.work.state.attempts)
        self.means.result.count(self.endings.values())
        self.means.result.settled.append(self._state_after())

    def _send(self) -> None:
        work, means = self.work, self.means
        self.endings |= means.doubts.resolved(work)
        envelopes = self._envelopes()
        results = self._one_by_one(envelopes) if means.channel.one_by_one else self._together(envelopes)
        results |= dict.fromkeys(self.contended, CONTENDED)
        # an unknown outcome counts as an attempt: it may have been sent, and the number of copies must be limited
        tried = any(result.kind in (Kind.TEMPORARY, Kind.UNKNOWN) for result in results.values())
        before, attempts = self.work.state.attempts, self.work.state.attempts + tried
        self.endings |= {index: self._ending(result, attempts) for index, result in results.items()}
        # channels that send one by one have recorded these already
        known = [index for index, each in results.items() if means.channel.one_by_one and each.kind is Kind.SENT]
        unrecorded = {index: ending for index, ending in self.endings.items() if index not in known}
        self._record(unrecorded, attempts=before + 1)
        means.result.count(self.endings.values())
        close(self.job, replace(self._state_after(), attempts=attempts), means, deferred=self.deferred)
        self._forget_devices(envelopes, results)
        for index, result in results.items():
            if result.reason in means.channel.suppresses:
                recipient = envelopes[index].user_id, work.batch.channel, work.message.id
                remember(result.reason, *recipient, audience=means.audience, clock=means.clock)

    def _envelopes(self) -> dict[int, Envelope]:
        """Envelopes of recipients allowed now. Others get an outcome or a later time, or wait for the next attempt."""
        means = self.means
        left = [index for index in self.work.state.next_unsettled if index not in self.endings]
        body = means.composer.body(self.work)
        offered = offers(body, means.channel.name)
        asked = means.permissions.ask(self.work, left, means.users, offered=offered, owner=means.owner)
        self.work, self.contended = replace(self.work, state=asked.state), asked.contended
        for index, verdict in asked.verdicts.items():
            if verdict.action is Action.SKIP:
                self.endings[index] = self._refused(index, verdict)
            elif verdict.until is not None:
                self.deferred[index] = verdict.until
        readers = {
            index: means.users[self.work.batch.recipients[index]]
            for index, verdict in asked.verdicts.items()
            if verdict.action is Action.DELIVER
        }
        envelopes, broken = means.composer.envelopes(self.work, body, readers, time_left=means.time_left)
        self.endings |= broken
        return envelopes

    def _refused(self, index: int, verdict: Verdict) -> Ending:
        if verdict.reason != Reason.EXPIRED:
            return Ending(Outcome.SKIPPED, verdict.reason)
        if index in self.work.state.places(Outcome.IN_DOUBT):
            return OUTCOME_UNKNOWN
        over = self.work.message.expired(self.means.clock())  # for all, or only for who has quiet hours until then
        return Ending(Outcome.FAILED if over else Outcome.SKIPPED, Reason.EXPIRED)

    def _in_time(self) -> bool:
        return self.means.time_left() >= PROVIDER_SECONDS

    def _together(self, envelopes: Mapping[int, Envelope]) -> dict[int, SendResult]:
        """Send all envelopes with one call of the channel."""
        if not envelopes or not self._in_time():
            return {}
        self.means.result.asked.add(self.job)
        results = self.means.channel.send(list(envelopes.values()), in_time=self._in_time)
        return dict(zip(envelopes, results, strict=True))

    def _one_by_one(self, envelopes: Mapping[int, Envelope]) -> dict[int, SendResult]:
        """Send envelopes one by one, with a mark before each and a record after it, because each costs money.

        Envelopes left when time is up were not sent, so their outcome is not in doubt.
        """
        means, results = self.means, dict[int, SendResult]()
        for index, envelope in envelopes.items():
            if not self._in_time():
                break
            means.result.asked.add(self.job)
            doubts = [each for each, result in results.items() if result.kind is Kind.UNKNOWN]
            so_far = self.work.state.with_outcomes(dict.fromkeys(doubts, Outcome.IN_DOUBT))
            means.batches.leases.mark(so_far, owner=means.owner, place=index)
            (result,) = means.channel.send([envelope], in_time=self._in_time)
            results[index] = result
            if result.kind is Kind.SENT:
                attempts = self.work.state.attempts
                self._record({index: self._ending(result, attempts)}, attempts=attempts + 1)
        return results

    def _ending(self, result: SendResult, attempts: int) -> Ending:
        outcome = OF_KIND[result.kind]
        if result.kind is Kind.TEMPORARY and attempts >= self.means.pace.max_attempts:
            outcome = Outcome.FAILED
        return Ending(outcome, result.reason, result.provider_id)

    def _state_after(self) -> BatchState:
        """The batch with the outcomes so far, and the reason of an unsettled recipient."""
        state = self.work.state.with_outcomes({index: each.outcome for index, each in self.endings.items()})
        reasons = (each.reason for each in self.endings.values() if each.outcome in UNSETTLED and each.reason)
        return replace(state, reason=next(reasons, state.reason))

    def _record(self, endings: Mapping[int, Ending], *, attempts: int) -> None:
        now, work = to_text(self.means.clock()), self.work
        self.means.deliveries.record(
            [
                Delivery(
                    message_id=work.message.id,
                    user_id=work.batch.recipients[index],
                    channel=work.batch.channel,
                    batch_id=work.batch.id,
                    status=ending.outcome,
                    reason=ending.reason,
                    attempts=attempts,
                    provider_id=ending.provider_id,
                    updated_at=now,
                    retain_until=work.message.retain_until,
                )
                for index, ending in endings.items()
                if ending.outcome not in UNSETTLED
            ]
        )

    def _forget_devices(self, envelopes: Mapping[int, Envelope], results: Mapping[int, SendResult]) -> None:
        for index, result in results.items():
            if result.gone:
                self.means.audience.users.forget_devices(envelopes[index].user_id, result.gone)
