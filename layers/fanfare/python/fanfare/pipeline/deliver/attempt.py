"""One attempt at one leased batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fanfare.channels.base import NOT_ASKED, Envelope, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.clock import to_text
from fanfare.domain.batch import BatchState, Wait, WaitReason
from fanfare.domain.delivery import Delivery, content_digest
from fanfare.domain.eligibility import Action, Verdict
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import UNSETTLED, Outcome
from fanfare.pipeline.deliver.compose import PROVIDER_SECONDS
from fanfare.pipeline.deliver.hand_over import HandOver
from fanfare.pipeline.deliver.means import Means, close
from fanfare.pipeline.deliver.work import OUTCOME_UNKNOWN, Ending, Work
from fanfare.pipeline.refusals import remember
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


@dataclass(kw_only=True)
class Attempt:
    """One batch: the work, and the outcomes of its recipients so far."""

    job: Job
    work: Work
    means: Means
    endings: dict[int, Ending] = field(default_factory=dict)
    deferred: dict[int, datetime] = field(default_factory=dict)  # index → earliest time
    last_asked: int | None = None  # index for which the provider was asked last
    contended: frozenset[int] = frozenset()  # an attempt is spent on them, so that they come to an end
    waits: dict[int, datetime] = field(default_factory=dict)  # index → earliest time, as its endpoint wants it
    contents: dict[int, str] = field(default_factory=dict)  # index → digest of what was handed over

    def run(self) -> None:
        """Send to all remaining recipients that the rules allow; then settle or release the batch."""
        lost = self.work.state.lease_owner is not None
        if lost and not self._take_over():
            return
        work, means = self.work, self.means
        if work.message.state is State.DELETED:
            self._stop(Ending(Outcome.DELETED))
        elif work.message.expired(means.clock()):
            self._stop(Ending(Outcome.FAILED, Reason.EXPIRED))
        elif lost:
            self.give_back()  # it comes back after a pause of its own, in case it was the one that killed the worker
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

    def _take_over(self) -> bool:
        """Handle the lease of a crashed worker. Returns whether no one is in doubt, and somebody is left.

        A batch with recipients that may have been handed over waits for the provider's events.
        """
        state = self.work.state
        doubts = self.means.doubts.left_by_a_lost_worker(self.work)
        after = state.with_outcomes(doubts)
        doubtful = after.places(Outcome.IN_DOUBT)
        self.means.result.outcomes["unknown"] += len(doubtful)
        if doubtful:
            tried = replace(after, attempts=state.attempts + 1)
            self.means.release(tried, WaitReason.DOUBT, self.means.pace.doubt_grace)
        elif not after.unsettled:
            self.means.result.settled.append(replace(after, attempts=state.attempts + 1))
        else:
            self.work = replace(self.work, state=replace(after, lease_owner=None, lease_until=None))
            return True
        return False

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
        noted = self.work.noted(means.channel)
        hand_over = HandOver(job=self.job, state=self.work.state, means=means, record=self._record_sent)
        results = hand_over.noted(envelopes) if noted else hand_over.together(envelopes)
        doubtful = self.work.state.places(Outcome.IN_DOUBT)
        results |= {index: CONTENDED for index in self.contended if index not in doubtful}
        # an unknown outcome counts as an attempt: it may have been sent, and the number of copies must be limited
        tried = bool(self.contended) or any(
            result.kind in (Kind.TEMPORARY, Kind.UNKNOWN) for result in results.values()
        )
        before, attempts = self.work.state.attempts, self.work.state.attempts + tried
        self.endings |= {index: self._ending(result, attempts) for index, result in results.items()}
        self._wait(results, attempts)
        asked = [index for index in envelopes if results.get(index, NOT_ASKED) != NOT_ASKED]
        self.last_asked = asked[-1] if asked else None
        recorded = [index for index, each in results.items() if noted and each.kind is Kind.SENT]
        unrecorded = {index: ending for index, ending in self.endings.items() if index not in recorded}
        self._record(unrecorded, attempts=before + 1)
        means.result.count(self.endings.values())
        close(self.job, replace(self._state_after(), attempts=attempts), means, deferred=self.deferred | self.waits)
        self._remember(envelopes, results)

    def _envelopes(self) -> dict[int, Envelope]:
        """Envelopes of recipients allowed now. Others get an outcome or a later time, or wait for the next attempt."""
        means = self.means
        unsettled = [index for index in self.work.state.next_unsettled if index not in self.endings]
        self.waits = {at: when for at, when in self.work.state.waiting_at(means.clock()).items() if at in unsettled}
        left = [index for index in unsettled if index not in self.waits]
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
            index: reader
            for index, verdict in asked.verdicts.items()
            if verdict.action is Action.DELIVER and (reader := self.work.reader(index, means.users)) is not None
        }
        envelopes, broken = means.composer.envelopes(self.work, body, readers, time_left=means.time_left)
        self.endings |= broken
        self.contents = {index: content_digest(each.content) for index, each in envelopes.items()}
        return envelopes

    def _refused(self, index: int, verdict: Verdict) -> Ending:
        if verdict.reason == Reason.RECIPIENT_ERROR:
            return Ending(Outcome.FAILED, verdict.reason)
        if verdict.reason != Reason.EXPIRED:
            return Ending(Outcome.SKIPPED, verdict.reason)
        if index in self.work.state.places(Outcome.IN_DOUBT):
            return OUTCOME_UNKNOWN
        over = self.work.message.expired(self.means.clock())  # for all, or only for who has quiet hours until then
        return Ending(Outcome.FAILED if over else Outcome.SKIPPED, Reason.EXPIRED)

    def _record_sent(self, results: Mapping[int, SendResult]) -> None:
        attempts = self.work.state.attempts
        self._record({index: self._ending(each, attempts) for index, each in results.items()}, attempts=attempts + 1)

    def _wait(self, results: Mapping[int, SendResult], attempts: int) -> None:
        """Note who must not be called again before a time. An attempt has its own growing pause, at least."""
        now = self.means.clock().replace(microsecond=0) + timedelta(seconds=1)  # stored in whole seconds
        for index, result in results.items():
            if result.wait and self.endings[index].outcome is Outcome.OUTSTANDING:
                pause = self.means.pace.delay(attempts) if result.kind is Kind.TEMPORARY else 0.0
                self.waits[index] = now + timedelta(seconds=math.ceil(max(result.wait, pause)))

    def _ending(self, result: SendResult, attempts: int) -> Ending:
        outcome = OF_KIND[result.kind]
        if result.kind is Kind.TEMPORARY and attempts >= self.means.pace.max_attempts:
            outcome = Outcome.FAILED
        return Ending(outcome, result.reason, result.provider_id)

    def _state_after(self) -> BatchState:
        """The batch with the outcomes so far, and the reason of an unsettled recipient."""
        state = self.work.state.with_outcomes({index: each.outcome for index, each in self.endings.items()})
        reasons = (each.reason for each in self.endings.values() if each.outcome in UNSETTLED and each.reason)
        waits = tuple(Wait(int(at.timestamp()), (index,)) for index, at in sorted(self.waits.items()))
        at = state.at if self.last_asked is None else self.last_asked
        return replace(state, reason=next(reasons, state.reason), waits=waits, at=at)

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
                    content=self.contents.get(index) if ending.outcome is Outcome.SENT else None,
                )
                for index, ending in endings.items()
                if ending.outcome not in UNSETTLED
            ]
        )

    def _remember(self, envelopes: Mapping[int, Envelope], results: Mapping[int, SendResult]) -> None:
        """Store what the results say about devices, endpoints and addresses."""
        means, asked = self.means, {index: results[index] for index in envelopes if index in results}
        means.endpoints.remember({envelopes[index].user_id: result for index, result in asked.items()}, means.users)
        for index, result in asked.items():
            if result.reason in means.channel.suppresses:
                recipient = envelopes[index].user_id, self.work.batch.channel, self.work.message.id
                person = self.work.people.get(envelopes[index].user_id)
                remember(result.reason, *recipient, audience=means.audience, clock=means.clock, person=person)
        for index, result in results.items():
            if result.gone:
                self.means.audience.users.forget_devices(envelopes[index].user_id, result.gone)
