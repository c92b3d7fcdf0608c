"""Send batches: lease, render, hand to the provider, record, settle.

Of the copies of a batch at most one is being sent at any time: the lease says whose it is, and the
generation says which copy is the current one. What became of each recipient is recorded before the
batch is settled, so a worker that dies in between leaves a record that says who was sent already.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from fanfare.channels.base import AddressRefused, Channel, Envelope, InTime, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import PROVES_SENT
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import User
from fanfare.domain.batch import Batch, BatchState, Leased, WaitReason
from fanfare.domain.delivery import Delivery
from fanfare.domain.jobs import Job
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload
from fanfare.domain.outcomes import UNSETTLED, Outcome
from fanfare.errors import ConditionFailed, TemplateError
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.complete import complete
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.templates.body import inline_body
from fanfare.templates.renderer import Renderer

log = logging.getLogger(__name__)


PROVIDER_SECONDS = 25.0  # what one call of a provider's and its records may take: less left, and it is not begun

LOOK_AGAIN_SECONDS = 0.5  # after so long what is done is closed, and a message looked at before its next batch

OF_KIND = {
    Kind.SENT: Outcome.SENT,
    Kind.PERMANENT: Outcome.FAILED,
    Kind.TEMPORARY: Outcome.OUTSTANDING,
    Kind.THROTTLED: Outcome.OUTSTANDING,
    Kind.UNKNOWN: Outcome.IN_DOUBT,
}


COUNTED_AS = {Outcome.IN_DOUBT: "unknown", Outcome.OUTSTANDING: "retried"}


@dataclass
class RunResult:
    """What a run did: jobs to be delivered again with their delay in seconds, and what to count."""

    again: dict[Job, float] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    settled: list[BatchState] = field(default_factory=list)  # every recipient in them is: to be closed together
    asked: set[Job] = field(default_factory=set)  # the provider was asked: from here on the outcome may be unknown


@dataclass(frozen=True)
class _Attempt:
    """One leased batch with all that is needed to send it."""

    state: BatchState
    batch: Batch
    message: Message
    payload: Payload


@dataclass(frozen=True)
class _Ending:
    """What became of one recipient in this attempt."""

    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None


class Deliver:
    """The collaborators of a delivery; `run` is the use case."""

    def __init__(
        self,
        *,
        channel: Channel,
        batches: Batches,
        messages: Messages,
        audience: Audience,
        catalogue: Catalogue,
        deliveries: Deliveries,
        renderer: Renderer,
        clock: Clock,
        pace: Pace,
        links: Links | None = None,
    ) -> None:
        self.links = links
        self.channel = channel
        self.batches = batches
        self.messages = messages
        self.audience = audience
        self.catalogue = catalogue
        self.deliveries = deliveries
        self.renderer = renderer
        self.clock = clock
        self.pace = pace

    def run(self, jobs: Sequence[Job], *, owner: str, time_left: Callable[[], float]) -> RunResult:
        """Deliver the batches behind `jobs`, which share the reads; one that goes wrong does not hold up the rest."""
        report = RunResult()
        now = self.clock()
        until = now + timedelta(seconds=self.pace.lease)
        taken = self.batches.leases.take_many(jobs, owner=owner, now=now, until=until)
        leased = taken.leased
        report.again |= dict.fromkeys(taken.unknown, 0.0)
        try:
            attempts, users = self._read(leased, report)
        except Exception:
            log.exception("what the batches need can't be read", extra={"batches": len(leased)})
            self._hand_back(leased, owner, report)
            return report
        seen = {attempt.message.id: (self.clock(), attempt.message) for attempt in attempts.values()}
        for job, attempt in attempts.items():
            try:
                message = self._message(attempt.message.id, seen, report, owner)
                self._deliver(job, replace(attempt, message=message), users, owner, report, time_left)
            except ConditionFailed:
                log.warning("lease lost", extra={"message_id": job.message_id, "batch_id": job.batch_id})
            except Exception:
                log.exception("attempt broke", extra={"message_id": job.message_id, "batch_id": job.batch_id})
                # what a lost worker may have sent is not forgotten: its batch keeps a lease, and is taken over again
                if job not in report.asked and attempt.state.lease_owner is None:
                    self._give_back(job, attempt, owner, report)
        self._settle(report, owner)
        return report

    def _settle(self, report: RunResult, owner: str) -> None:
        """Close what was settled since the last time, and bring to rest what has nothing open any more."""
        now = self.clock()
        states, report.settled = report.settled, []
        settled = self.batches.settlements.settle_many(states, owner=owner, now=now)
        for message_id, shard in dict.fromkeys((state.message_id, state.shard) for state in settled):
            complete(message_id, messages=self.messages, batches=self.batches, now=now, shard=shard)

    def _message(
        self, message_id: str, seen: dict[str, tuple[datetime, Message]], report: RunResult, owner: str
    ) -> Message:
        """The message; if the batches before took long, as it is now: what was deleted meanwhile is not sent."""
        at, message = seen[message_id]
        if (self.clock() - at).total_seconds() > LOOK_AGAIN_SECONDS:
            self._settle(report, owner)
            message = self.messages.get_many([message_id]).get(message_id, (message,))[0]
            seen[message_id] = self.clock(), message
        return message

    def _read(self, leased: Mapping[Job, Leased], report: RunResult) -> tuple[dict[Job, _Attempt], Mapping[str, User]]:
        """What there is to do, and for whom. The messages are read after the leases: a DELETE either is seen here
        or sees the lease, and counts it as in flight."""
        messages = self.messages.get_many([job.message_id for job in leased])
        for job, (state, _) in leased.items():
            if job.message_id not in messages:  # it was forgotten while something of it was open
                log.error("a batch without a message", extra={"message_id": job.message_id, "batch_id": job.batch_id})
                report.settled.append(state.with_outcomes(dict.fromkeys(state.unsettled, Outcome.FAILED)))
        attempts = {
            job: _Attempt(state, batch, *messages[job.message_id])
            for job, (state, batch) in leased.items()
            if job.message_id in messages
        }
        wanted = {user for attempt in attempts.values() for user in _unsettled(attempt)}
        return attempts, self.audience.users.get_many(wanted) if wanted else {}

    def _hand_back(self, leased: Mapping[Job, Leased], owner: str, report: RunResult) -> None:
        """Nobody was asked about them: nothing is in doubt, and no attempt is spent."""
        for job, (state, _) in leased.items():
            if state.lease_owner is not None:
                continue  # what a lost worker may have sent is not forgotten: it is taken over again
            try:
                self._close(job, state, owner, report)
            except Exception:
                log.exception("a lease stays", extra={"message_id": job.message_id, "batch_id": job.batch_id})

    def _deliver(
        self,
        job: Job,
        attempt: _Attempt,
        users: Mapping[str, User],
        owner: str,
        report: RunResult,
        time_left: Callable[[], float],
    ) -> None:
        """One attempt at a batch."""
        state = attempt.state
        if state.lease_owner is not None:
            self._taken_over(attempt, owner, report)
            return
        if attempt.message.state is State.DELETED:
            self._stop(attempt, _Ending(Outcome.DELETED), report)
            return
        if attempt.message.expired(self.clock()):
            self._stop(attempt, _Ending(Outcome.FAILED, Reason.EXPIRED), report)
            return
        if time_left() < PROVIDER_SECONDS:
            self._release(state, owner, WaitReason.QUEUED, self.pace.stale_after)
            report.again[job] = 0.0
            return
        endings = self._resolved_doubts(attempt)
        envelopes, unreachable = self._envelopes(attempt, users, without=endings, time_left=time_left)
        endings |= unreachable
        results = self._send(job, attempt, envelopes, owner, report, lambda: time_left() >= PROVIDER_SECONDS)
        # what may have been sent counts, too: nobody gets copies for ever of what can't be told
        tried = any(result.kind in (Kind.TEMPORARY, Kind.UNKNOWN) for result in results.values())
        attempts = state.attempts + tried
        endings |= {place: self._ending(result, attempts) for place, result in results.items()}
        after = replace(
            state.with_outcomes({place: ending.outcome for place, ending in endings.items()}),
            attempts=attempts,
            reason=next((e.reason for e in endings.values() if e.outcome in UNSETTLED and e.reason), state.reason),
        )
        recorded = results if self.channel.one_by_one else {}
        self._record(
            attempt,
            {p: e for p, e in endings.items() if p not in recorded or e.outcome is not Outcome.SENT},
            attempts=state.attempts + 1,
        )
        self._count(endings, report)
        self._close(job, after, owner, report)
        self._forget_devices(envelopes, results)

    def _send(
        self,
        job: Job,
        attempt: _Attempt,
        envelopes: Mapping[int, Envelope],
        owner: str,
        report: RunResult,
        in_time: InTime,
    ) -> dict[int, SendResult]:
        """Hand the envelopes to the provider: in one go or, where each costs money, with a mark before each.

        Who is left when the time is up was not asked about: nothing is known of them, and nothing in doubt.
        """
        if not envelopes or not in_time():
            return {}
        report.asked.add(job)
        if not self.channel.one_by_one:
            return dict(zip(envelopes, self.channel.send(list(envelopes.values()), in_time=in_time), strict=True))
        results: dict[int, SendResult] = {}
        for place, envelope in envelopes.items():
            if not in_time():
                break
            doubts = [each for each, result in results.items() if result.kind is Kind.UNKNOWN]
            so_far = attempt.state.with_outcomes(dict.fromkeys(doubts, Outcome.IN_DOUBT))
            self.batches.leases.mark(so_far, owner=owner, place=place)
            (results[place],) = self.channel.send([envelope], in_time=in_time)
            if results[place].kind is Kind.SENT:
                ending = self._ending(results[place], attempt.state.attempts)
                self._record(attempt, {place: ending}, attempts=attempt.state.attempts + 1)
        return results

    def _give_back(self, job: Job, attempt: _Attempt, owner: str, report: RunResult) -> None:
        """Something of ours broke before the provider was asked: an attempt is spent, nothing is in doubt."""
        after = replace(attempt.state, attempts=attempt.state.attempts + 1, reason=Reason.INTERNAL_ERROR)
        if after.attempts >= self.pace.max_attempts:
            self._stop(attempt, _Ending(Outcome.FAILED, Reason.INTERNAL_ERROR), report)
        else:
            self._close(job, after, owner, report)

    def _close(self, job: Job, after: BatchState, owner: str, report: RunResult) -> None:
        """Settle the batch, together with the others of the run, or give it back with what is left in it."""
        if not after.unsettled:
            report.settled.append(after)
        elif Outcome.IN_DOUBT.value in after.codes:
            self._release(after, owner, WaitReason.DOUBT, self.pace.doubt_grace)
        else:
            delay = self.pace.delay(after.attempts)
            # the queue brings the copy back; the reconciler steps in only if it does not
            self._release(after, owner, WaitReason.RETRY, delay + self.pace.stale_after)
            report.again[job] = delay

    def _release(self, state: BatchState, owner: str, waiting: WaitReason, seconds: float) -> None:
        due_at = self.clock() + timedelta(seconds=seconds)
        self.batches.leases.release(state, owner=owner, due_at=due_at, waiting=waiting)

    def _stop(self, attempt: _Attempt, ending: _Ending, report: RunResult) -> None:
        """Nothing more is sent: the same ending for all, save those who were, or may have been, sent to before."""
        doubts = attempt.state.places(Outcome.IN_DOUBT)
        endings = dict.fromkeys(attempt.state.unsettled, ending)
        endings |= dict.fromkeys(doubts, _Ending(Outcome.FAILED, Reason.OUTCOME_UNKNOWN))
        endings |= self._known_as_sent(attempt, doubts)
        self._record(attempt, endings, attempts=attempt.state.attempts)
        self._count(endings, report)
        report.settled.append(attempt.state.with_outcomes({place: each.outcome for place, each in endings.items()}))

    def _taken_over(self, attempt: _Attempt, owner: str, report: RunResult) -> None:
        """A worker before this one never came back: what it handed to the provider is not known. Wait for events."""
        doubtful = attempt.state.unsettled
        if self.channel.one_by_one:
            doubtful = [place for place in doubtful if place == attempt.state.at]
        report.outcomes["unknown"] += len(doubtful)
        doubts = dict.fromkeys(doubtful, Outcome.IN_DOUBT)
        if self.channel.one_by_one:  # it recorded each piece: whom it sent to is known, all but the last
            sent = self._known_as_sent(attempt, attempt.state.unsettled)
            doubts |= dict.fromkeys(sent, Outcome.SENT)
        after = replace(attempt.state.with_outcomes(doubts), attempts=attempt.state.attempts + 1)
        if after.unsettled:
            self._release(after, owner, WaitReason.DOUBT, self.pace.doubt_grace)
        else:
            report.settled.append(after)

    def _resolved_doubts(self, attempt: _Attempt) -> dict[int, _Ending]:
        """Recipients whose outcome was lost and is known by now, or that `on_doubt` holds back."""
        doubts = attempt.state.places(Outcome.IN_DOUBT)
        endings = self._known_as_sent(attempt, doubts)
        if attempt.message.on_doubt == "hold" or attempt.state.attempts >= self.pace.max_attempts:
            held = _Ending(Outcome.FAILED, Reason.OUTCOME_UNKNOWN)
            endings |= {place: held for place in doubts if place not in endings}
        return endings

    def _known_as_sent(self, attempt: _Attempt, places: Sequence[int]) -> dict[int, _Ending]:
        """Those that our own record, or a receipt of the provider's, says were sent."""
        if not places:
            return {}
        keys = {place: (attempt.batch.recipients[place], attempt.message.id, attempt.batch.channel) for place in places}
        records = self.deliveries.get_many(keys.values())
        receipts = self.deliveries.receipts(keys.values())
        endings = {}
        for place, key in keys.items():
            record = records.get(key)
            if record is not None and record.status is Outcome.SENT:
                endings[place] = _Ending(Outcome.SENT, provider_id=record.provider_id)
            elif PROVES_SENT & receipts.get(key, {}).keys():
                endings[place] = _Ending(Outcome.SENT)
        return endings

    def _envelopes(
        self,
        attempt: _Attempt,
        users: Mapping[str, User],
        *,
        without: Mapping[int, Any],
        time_left: Callable[[], float],
    ) -> tuple[dict[int, Envelope], dict[int, _Ending]]:
        """Rendered content for each recipient that is left, and an ending for those who can't be reached any more.

        Whom the time does not reach for are in neither: they wait for the next attempt.
        """
        body = self._body(attempt)
        unsubscribable = self._unsubscribable(attempt)
        refused = self._refused(attempt, users)
        envelopes: dict[int, Envelope] = {}
        endings: dict[int, _Ending] = {}
        wanted = [place for place in attempt.state.next_unsettled if place not in without]
        for place in _while_in_time(wanted, time_left):
            user_id = attempt.batch.recipients[place]
            if user_id in refused:
                endings[place] = _Ending(Outcome.SKIPPED, refused[user_id])
                continue
            user = users[user_id]
            try:
                envelopes[place] = Envelope(
                    message_id=attempt.message.id,
                    user_id=user_id,
                    address=user.address(self.channel),
                    content=self._rendered(body, attempt, user),
                    unsubscribe=unsubscribable(user_id) if unsubscribable else None,
                    data=attempt.payload.data,
                    address_no=user.readdressed.get(self.channel.name, 0),
                )
            except AddressRefused as refusal:
                endings[place] = _Ending(Outcome.SKIPPED, refusal.reason)
            except TemplateError as error:
                log.warning(
                    "template does not render",
                    extra={"message_id": attempt.message.id, "line": error.line, "column": error.column},
                )
                endings[place] = _Ending(Outcome.FAILED, Reason.TEMPLATE_ERROR)
        return envelopes, endings

    def _refused(self, attempt: _Attempt, users: Mapping[str, User]) -> dict[str, Reason]:
        """Who must not get it any more, and why: erased, suppressed, opted out or, if it waited, unsubscribed since."""
        pending = _unsettled(attempt)
        name = self.channel.name
        refused = {user_id: Reason.UNKNOWN_USER for user_id in pending if user_id not in users}
        refused |= {
            user_id: Reason.suppressed(users[user_id].suppressed[name])
            for user_id in pending
            if user_id in users and name in users[user_id].suppressed
        }
        topic = attempt.message.topic
        if topic is None or not self._refusable(topic):
            return refused
        refused = {u: Reason.OPTED_OUT for u in pending if u in users and users[u].opted_out} | refused
        if attempt.state.generation > 1:
            subscribed = self.audience.subscriptions.among(topic, [(user_id, name) for user_id in pending])
            gone = {user_id: Reason.NOT_SUBSCRIBED for user_id in pending if (user_id, name) not in subscribed}
            refused = gone | refused
        return refused

    def _unsubscribable(self, attempt: _Attempt) -> Callable[[str], str] | None:
        """Makes the links that take this topic off this channel; None where a user can't."""
        name, links = attempt.message.topic, self.links
        if name is None or links is None or not self._refusable(name):
            return None
        return lambda user_id: links.unsubscribe(user_id, name, self.channel.name)

    def _refusable(self, topic: str) -> bool:
        """Whether a user may leave the topic."""
        known = self.catalogue.topic(topic)
        return known is None or not known.required

    def _rendered(self, body: Mapping[str, Any], attempt: _Attempt, user: User) -> dict[str, str]:
        return self.renderer.render(
            body,
            self.channel.name,
            locale=user.profile.get("locale"),
            data=attempt.payload.data,
            user={"id": user.id, "name": user.profile.get("name"), "locale": user.profile.get("locale")},
        )

    def _body(self, attempt: _Attempt) -> Mapping[str, Any]:
        pinned = attempt.message.template
        if pinned is None:
            return inline_body(attempt.payload.content or {})
        template = self.catalogue.template(pinned["id"], pinned["version"])
        if template is None:
            raise LookupError(f"template {pinned['id']} has no version {pinned['version']}")
        return template.body

    def _ending(self, result: SendResult, attempts: int) -> _Ending:
        outcome = OF_KIND[result.kind]
        if result.kind is Kind.TEMPORARY and attempts >= self.pace.max_attempts:
            outcome = Outcome.FAILED
        return _Ending(outcome, result.reason, result.provider_id)

    def _record(self, attempt: _Attempt, endings: Mapping[int, _Ending], *, attempts: int) -> None:
        now = to_text(self.clock())
        self.deliveries.record(
            [
                Delivery(
                    message_id=attempt.message.id,
                    user_id=attempt.batch.recipients[place],
                    channel=attempt.batch.channel,
                    batch_id=attempt.batch.id,
                    status=ending.outcome,
                    reason=ending.reason,
                    attempts=attempts,
                    provider_id=ending.provider_id,
                    updated_at=now,
                    retain_until=attempt.message.retain_until,
                )
                for place, ending in endings.items()
                if ending.outcome not in UNSETTLED
            ]
        )

    def _count(self, endings: Mapping[int, _Ending], report: RunResult) -> None:
        report.outcomes.update(COUNTED_AS.get(ending.outcome, ending.outcome.label) for ending in endings.values())

    def _forget_devices(self, envelopes: Mapping[int, Envelope], results: Mapping[int, SendResult]) -> None:
        for place, result in results.items():
            if result.gone:
                self.audience.users.forget_devices(envelopes[place].user_id, result.gone)


def _while_in_time(places: Iterable[int], time_left: Callable[[], float]) -> Iterator[int]:
    """The places, while one more that takes as long as the slowest so far leaves enough for the provider."""
    left, slowest = time_left(), 0.0
    for place in places:
        if left - slowest < PROVIDER_SECONDS:
            return
        yield place
        before, left = left, time_left()
        slowest = max(slowest, before - left)


def _unsettled(attempt: _Attempt) -> list[str]:
    return [attempt.batch.recipients[place] for place in attempt.state.unsettled]
