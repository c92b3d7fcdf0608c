"""One attempt at one leased batch, in three parts: before the provider is called, its results, and the end."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import TypeVar

from fanfare.channels.base import NOT_ASKED, Envelope, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.clock import to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import BatchState, Wait, WaitReason
from fanfare.domain.delivery import Delivery, content_digest
from fanfare.domain.eligibility import Action, Verdict
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message
from fanfare.domain.outcomes import UNSETTLED, Outcome
from fanfare.pipeline.deliver.means import Means, close
from fanfare.pipeline.deliver.work import OUTCOME_UNKNOWN, Ending, Work
from fanfare.signing.links import with_hidden_links
from fanfare.templates.body import offers

T = TypeVar("T")

log = logging.getLogger(__name__)

OF_KIND = {
    Kind.SENT: Outcome.SENT,
    Kind.PERMANENT: Outcome.FAILED,
    Kind.TEMPORARY: Outcome.OUTSTANDING,
    Kind.THROTTLED: Outcome.OUTSTANDING,
    Kind.UNKNOWN: Outcome.IN_DOUBT,
}

# The user could not be charged, because other deliveries were counted at every try
CONTENDED = SendResult(Kind.TEMPORARY, Reason.USER_CONTENDED)
DELETED = Ending(Outcome.DELETED)
EXPIRED = Ending(Outcome.FAILED, Reason.EXPIRED)
BROKEN = Ending(Outcome.FAILED, Reason.INTERNAL_ERROR)


@dataclass(kw_only=True, eq=False)
class Attempt:
    """One batch: the work, its envelopes, what the provider said, and the outcomes of its recipients.

    `stopped`: nothing more is sent, and this is the outcome of whoever has none. `halted`: whoever was not handed over
    waits for the next attempt. `error`: of our own; the attempt ends with it.
    """

    job: Job
    work: Work
    means: Means
    lost: bool = field(init=False)  # the lease of a crashed worker
    noted: bool = False
    stopped: Ending | None = None
    halted: bool = False
    error: Exception | None = None
    envelopes: dict[int, Envelope] = field(default_factory=dict)  # by index, as all of these
    results: dict[int, SendResult] = field(default_factory=dict)
    endings: dict[int, Ending] = field(default_factory=dict)
    deferred: dict[int, datetime] = field(default_factory=dict)  # earliest time
    waits: dict[int, datetime] = field(default_factory=dict)  # earliest time, as its endpoint wants it
    contended: frozenset[int] = frozenset()  # an attempt is spent on them, so that they come to an end
    recorded: set[int] = field(default_factory=set)
    tries: int = 0  # attempts that the batch has spent, with this one

    def __post_init__(self) -> None:
        self.lost = self.work.state.lease_owner is not None

    @property
    def goes_on(self) -> bool:
        """Whether more of its envelopes may be handed over."""
        return self.stopped is None and not self.halted and self.error is None

    def part(self, run: Callable[[], T]) -> T | None:
        """Run a part of it, unless it has an error already. An error is kept, and the result is None."""
        if self.error is None:
            try:
                return run()
            except Exception as error:  # noqa: BLE001 - handled at the end of the attempt
                self.error = error
        return None

    # Before the provider is called

    def begin(self, message: Message) -> bool:
        """Find out who is sent what. Returns whether the attempt goes on; if not, the batch is released already.

        `message`: as it is now.
        """
        self.work, means = replace(self.work, message=message), self.means
        self.tries = self.work.state.attempts
        if self.lost and not self._take_over():
            return False
        if message.state is State.DELETED:
            self.stopped = DELETED
        elif message.expired(means.clock()):
            self.stopped = EXPIRED
        elif self.lost:
            # it comes back after a pause of its own, in case it was the one that killed the worker
            return self._spent()
        elif not means.in_time.for_one_more():
            means.release(self.work.state, WaitReason.QUEUED, means.pace.stale_after)
            means.result.again[self.job] = 0.0
            return False
        else:
            self._compose()
        return True

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

    def _spent(self) -> bool:
        """Spend an attempt without a call of the provider. Returns whether it was the last, so that all have ended."""
        state = self.work.state
        after = replace(state, attempts=state.attempts + 1, reason=Reason.INTERNAL_ERROR)
        if after.attempts >= self.means.pace.max_attempts:
            self.stopped = BROKEN
            return True
        close(self.job, after, self.means)
        return False

    def _compose(self) -> None:
        """Envelopes of recipients allowed now. Others get an outcome or a later time, or wait for the next attempt."""
        means, work = self.means, self.work
        self.noted = work.noted(means.channel)
        self.endings |= means.doubts.resolved(work)
        unsettled = [index for index in work.state.next_unsettled if index not in self.endings]
        self.waits = {at: when for at, when in work.state.waiting_at(means.clock()).items() if at in unsettled}
        left = [index for index in unsettled if index not in self.waits]
        body = means.composer.body(work)
        offered = offers(body, means.channel.name)
        asked = means.permissions.ask(work, left, means.users, offered=offered, owner=means.owner)
        self.work, self.contended = replace(work, state=asked.state), asked.contended
        for index, verdict in asked.verdicts.items():
            if verdict.action is Action.SKIP:
                self.endings[index] = _refused(self.work, index, verdict, means.clock())
            elif verdict.until is not None:
                self.deferred[index] = verdict.until
        readers = {
            index: reader
            for index, verdict in asked.verdicts.items()
            if verdict.action is Action.DELIVER and (reader := self.work.reader(index, means.users)) is not None
        }
        self.envelopes, broken = means.composer.envelopes(self.work, body, readers, in_time=means.in_time)
        self.endings |= broken

    # Results of the provider

    def sent(self, places: Sequence[int]) -> list[Delivery]:
        """Records of who was sent out of these, to be stored before the next call."""
        sent = {place: self._ending(place) for place in places if self.results[place].kind is Kind.SENT}
        self.recorded.update(sent)
        return _deliveries(self, sent, self.tries + 1)

    def conclude(self) -> list[Delivery]:
        """Find out how it ends. Returns the records that are not stored yet."""
        state = self.work.state
        number = state.attempts if self.stopped and not self.results else state.attempts + 1
        if self.stopped is None:
            doubtful = state.places(Outcome.IN_DOUBT)
            self.results |= {index: CONTENDED for index in self.contended if index not in doubtful}
        # an unknown outcome counts as an attempt: it may have been sent, and the number of copies must be limited
        tried = [each for each in self.results.values() if each.kind in (Kind.TEMPORARY, Kind.UNKNOWN)]
        self.tries = state.attempts + bool(tried or (self.contended and self.stopped is None))
        self.endings |= {index: self._ending(index) for index in self.results}
        self._wait()
        if self.stopped is not None:
            self._stop(self.stopped)
        return _deliveries(self, {at: each for at, each in self.endings.items() if at not in self.recorded}, number)

    def _ending(self, index: int) -> Ending:
        result = self.results[index]
        if result.kind is Kind.TEMPORARY and self.tries >= self.means.pace.max_attempts:
            return Ending(Outcome.FAILED, result.reason)
        return Ending(OF_KIND[result.kind], result.reason, result.provider_id)

    def _stop(self, ending: Ending) -> None:
        """One outcome for all without one, except recipients that may have been sent before."""
        left = [index for index in self.work.state.unsettled if index not in self.endings]
        before = self.means.doubts.at_the_end(self.work)
        self.endings |= {index: before.get(index, ending) for index in left}

    def _wait(self) -> None:
        """Note who must not be called again before a time. An attempt has its own growing pause, at least."""
        now = self.means.clock().replace(microsecond=0) + timedelta(seconds=1)  # stored in whole seconds
        for index, result in self.results.items():
            if result.wait and self.endings[index].outcome is Outcome.OUTSTANDING:
                pause = self.means.pace.delay(self.tries) if result.kind is Kind.TEMPORARY else 0.0
                self.waits[index] = now + timedelta(seconds=math.ceil(max(result.wait, pause)))

    # The end

    def end(self) -> None:
        """Settle or release the batch. What was found out is stored already."""
        self.means.result.count(self.endings.values())
        after = replace(self._state_after(), attempts=self.tries)
        close(self.job, after, self.means, deferred=self.deferred | self.waits)
        asked = {self.envelopes[at].user_id: self.results[at] for at in self.envelopes if at in self.results}
        self.means.consequences.remember(self.work, asked, self.means.users)

    def _state_after(self) -> BatchState:
        """The batch with the outcomes so far, and the reason of an unsettled recipient."""
        state = self.work.state.with_outcomes({index: each.outcome for index, each in self.endings.items()})
        reasons = (each.reason for each in self.endings.values() if each.outcome in UNSETTLED and each.reason)
        waits = tuple(Wait(int(at.timestamp()), (index,)) for index, at in sorted(self.waits.items()))
        asked = [index for index in self.envelopes if self.results.get(index, NOT_ASKED) != NOT_ASKED]
        return replace(state, reason=next(reasons, state.reason), waits=waits, at=asked[-1] if asked else state.at)

    def give_back(self) -> None:
        """Release after our own code failed before the provider call: spends an attempt, no outcome is in doubt."""
        self.error = None
        if self._spent():
            record({self: self.conclude()}, self.means)
            if self.error is not None:
                raise self.error
            self.end()


def record(found: Mapping[Attempt, Sequence[Delivery]], means: Means) -> None:
    """Store outcomes of these attempts together. If that fails, each alone: an error belongs to one."""
    try:
        means.deliveries.record([delivery for some in found.values() for delivery in some])
    except Exception as error:
        log.info("not recorded together", extra={"batches": len(found)}, exc_info=error)
        for attempt, some in found.items():
            if len(found) > 1:
                record({attempt: some}, means)
            else:
                attempt.error = error


def _refused(work: Work, index: int, verdict: Verdict, now: datetime) -> Ending:
    """The outcome of a recipient that the rules don't allow."""
    if verdict.reason == Reason.RECIPIENT_ERROR:
        return Ending(Outcome.FAILED, verdict.reason)
    if verdict.reason in (Reason.UNKNOWN_USER, Reason.ERASED):  # was there when the batch was decided
        failed_before = work.state.round > 0
        return Ending(Outcome.SKIPPED if failed_before else Outcome.DELETED, Reason.ERASED)
    if verdict.reason != Reason.EXPIRED:
        return Ending(Outcome.SKIPPED, verdict.reason)
    if index in work.state.places(Outcome.IN_DOUBT):
        return OUTCOME_UNKNOWN
    over = work.message.expired(now)  # for all, or only for who has quiet hours until then
    return Ending(Outcome.FAILED if over else Outcome.SKIPPED, Reason.EXPIRED)


def _deliveries(attempt: Attempt, endings: Mapping[int, Ending], number: int) -> list[Delivery]:
    """The records of final outcomes. An envelope was composed for whoever was sent, unless an earlier worker did it."""
    now, work, envelopes = to_text(attempt.means.clock()), attempt.work, attempt.envelopes
    return [
        Delivery(
            message_id=work.message.id,
            user_id=work.batch.recipients[index],
            channel=work.batch.channel,
            batch_id=work.batch.id,
            status=ending.outcome,
            reason=ending.reason,
            attempts=number,
            provider_id=ending.provider_id,
            updated_at=now,
            retain_until=work.message.retain_until,
            content=content_digest(with_hidden_links(envelopes[index].content, envelopes[index].links))
            if ending.outcome is Outcome.SENT and index in envelopes
            else None,
        )
        for index, ending in endings.items()
        if ending.outcome not in UNSETTLED
    ]
