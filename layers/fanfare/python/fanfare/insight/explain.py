"""Why a user did or did not get a message: what is recorded and, separately, what the rules would decide now.

The record does not change, but the user, the topic and the time do. So the two are never mixed: for a user who was
skipped without an address and has one now, the explanation shows both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from fanfare.channels import REPORTING
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import Receipt, strongest
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.delivery import Delivery
from fanfare.domain.digests.windows import Window
from fanfare.domain.eligibility import Verdict, decide
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, Progress
from fanfare.domain.outcomes import COUNTED, NO_WORD, Outcome
from fanfare.errors import NotFound
from fanfare.insight.messages import find_message
from fanfare.pipeline.fan_out.candidates import Candidates, Row
from fanfare.schemas.operations import (
    ChannelExplanationView,
    ExplanationView,
    ReceiptName,
    RecordedView,
    RulesNowView,
    RuleView,
    StepView,
)
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.earlier_steps import EarlierSteps
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList, RecipientState
from fanfare.store.windows import Windows


@dataclass(frozen=True, kw_only=True)
class _OnChannel:
    """All stored data on one user and one channel of a message."""

    audience: str
    progress: Progress
    standing: RecipientState | None
    delivery: Delivery | None
    receipts: Mapping[Receipt, str]
    window: Window | None


@dataclass(frozen=True, kw_only=True)
class Explain:
    messages: Messages
    recipients: RecipientList
    deliveries: Deliveries
    batches: Batches
    candidates: Candidates
    earlier_steps: EarlierSteps
    windows: Windows
    clock: Clock

    def run(self, message_id: str, user_id: str) -> ExplanationView:
        """Explain each channel of the message. Raises NotFound for an unknown message or user."""
        now = self.clock()
        message, payload, progress = self._message(message_id, user_id)
        found = self._found(message, payload, progress, user_id)
        payload = self._with_own(message, payload, found, user_id)
        verdicts, exists = self._verdicts(message, payload, found, user_id, now)
        if not (exists or any(each.standing or each.delivery for each in found.values())):
            raise NotFound("No such user.", code="user_not_found")
        return ExplanationView(
            message_id=message.id,
            user_id=user_id,
            state=message.state,
            at=to_text(now),
            channels=[
                ChannelExplanationView(
                    channel=channel, recorded=_recorded(found[channel], now), rules_now=_rules_now(verdicts[channel])
                )
                for channel in message.channels
            ],
        )

    def _message(self, message_id: str, user_id: str) -> tuple[Message, Payload, Progress]:
        """The message with its payload and the progress of the user's shard."""
        message = find_message(message_id, self.messages)
        known = self.messages.for_fan_out(message.id, message.part_of(user_id))
        if known is None:
            raise NotFound("No such message.", code="message_not_found")
        return known

    def _found(self, message: Message, payload: Payload, progress: Progress, user_id: str) -> dict[str, _OnChannel]:
        """Stored data by channel."""
        shard = message.part_of(user_id)
        standings = self.recipients.standings(message.id, shard, user_id, deleted=message.state is State.DELETED)
        keys = {channel: (user_id, message.id, channel) for channel in message.channels}
        names = {(user_id, each.digest_id) for each in standings.values() if each.digest_id is not None}
        windows = self.windows.get_many(names) if names else {}
        records, receipts = self.deliveries.get_many(keys.values()), self.deliveries.receipts(keys.values())
        return {
            channel: _OnChannel(
                audience=_audience(message, payload, user_id),
                progress=progress,
                standing=standings.get(channel),
                delivery=records.get(key),
                receipts=receipts.get(key, {}),
                window=windows.get((user_id, _digest_of(standings.get(channel)))),
            )
            for channel, key in keys.items()
        }

    def _with_own(self, message: Message, payload: Payload, found: Mapping[str, _OnChannel], user_id: str) -> Payload:
        """The payload with what the message says of the user, which the fan-out has copied to their batch."""
        batches = [(message.id, each.standing.batch_id) for each in found.values() if each.standing]
        names = [(message_id, batch_id) for message_id, batch_id in batches if batch_id is not None]
        if user_id in payload.own or not names:
            return payload
        copied = self.batches.own.read(self.batches.recipients(names[:1]).values())
        known = [each[user_id] for each in copied.values() if user_id in each]
        return replace(payload, own={user_id: known[0]}) if known else payload

    def _verdicts(
        self, message: Message, payload: Payload, found: Mapping[str, _OnChannel], user_id: str, now: datetime
    ) -> tuple[dict[str, Verdict], bool]:
        """The verdict for the user on each channel, and whether the user exists. Its own charges are left out."""
        rows = [Row("", user_id, channel) for channel in message.channels]
        topic = self.candidates.topic(message, now)
        needless = {
            channel: user_id in self.earlier_steps.make_needless(message, channel, [user_id])
            for channel in message.channels
        }
        asked = [
            replace(
                candidate,
                needed=not needless[candidate.channel.name],
                charged=_charged(found[candidate.channel.name]),
            )
            for _, candidate in self.candidates.of(message, payload, topic, rows, now=now, subscribers=False)
            if candidate is not None
        ]
        verdicts = {candidate.channel.name: decide(candidate) for candidate in asked}
        return verdicts, any(candidate.user is not None for candidate in asked)


def _charged(found: _OnChannel) -> Sequence[int] | None:
    """When the delivery was charged against limits; of one that was sent, about the time at which it was."""
    if found.standing is None or found.standing.batch_id is None:
        return None  # it was not let through
    if found.delivery is not None and found.delivery.status is Outcome.SENT:
        return [*found.standing.charged, int(from_text(found.delivery.updated_at).timestamp())]
    return found.standing.charged


def _audience(message: Message, payload: Payload, user_id: str) -> str:
    if payload.recipients is not None:
        return "named" if user_id in payload.recipients else Reason.NOT_NAMED
    return f"subscribers of {message.topic}"


def _recorded(found: _OnChannel, now: datetime) -> RecordedView:
    standing, delivery = found.standing, found.delivery
    status, reason = "not_chosen", None
    if standing is not None:
        status, reason = standing.outcome.label, standing.reason
    elif found.audience == Reason.NOT_NAMED:
        reason = Reason.NOT_NAMED
    elif not found.progress.sealed or found.progress.stopped:
        status = "not_reached"
    else:
        reason = Reason.NOT_IN_THE_AUDIENCE
    if delivery is not None and delivery.status.label == status:
        reason = delivery.reason or reason
    return RecordedView(
        status=status,  # type: ignore[arg-type]
        reason=reason,
        advice=_advice(reason, failed=status == Outcome.FAILED.label),
        outcome=_outcome(found),
        receipt=strongest(found.receipts),
        steps=list(_steps(found, now)),
    )


def _outcome(found: _OnChannel) -> ReceiptName | None:
    standing = found.standing
    if standing is None or standing.outcome is not Outcome.SENT or standing.channel not in REPORTING:
        return None
    receipt = strongest(each for each in found.receipts if each in COUNTED)
    return receipt.value if receipt else NO_WORD  # type: ignore[return-value]


def _steps(found: _OnChannel, now: datetime) -> Iterator[StepView]:
    progress, standing, delivery = found.progress, found.standing, found.delivery
    yield _step("audience", found.audience)
    reached = "ended" if progress.sealed else "begun" if progress.page else "not_begun"
    if progress.stopped:
        reached = "stopped"
    yield _step("fan_out", reached, progress.updated_at)
    if standing is None:
        yield _step("choice", "none")
    elif standing.digest_id is not None:
        yield _step("choice", "digested", detail=f"digest {standing.digest_id}")
        yield from _window(found.window)
    elif standing.batch_id is None:
        yield _step("choice", "skipped", detail=standing.reason)
    else:
        yield _step("choice", "let_through", detail=f"batch {standing.batch_id}")
        yield _batch(standing, now)
    if delivery is not None:
        detail = ", ".join(
            each
            for each in (
                f"attempts: {delivery.attempts}" if delivery.attempts else None,
                delivery.reason,
                f"provider's id {delivery.provider_id}" if delivery.provider_id else None,
            )
            if each
        )
        yield _step("delivery", delivery.status.label, delivery.updated_at, detail or None)
    for receipt, at in sorted(found.receipts.items(), key=lambda each: each[1]):
        yield _step("receipt", receipt, at)


def _digest_of(standing: RecipientState | None) -> str:
    return (standing.digest_id if standing else None) or ""


def _window(window: Window | None) -> Iterator[StepView]:
    """The digest of the message, if it is kept."""
    if window is not None and window.closed:
        yield _step("digest", "closed", window.closes_at, f"in the digest {window.message_id}")
    elif window is not None:
        yield _step("digest", "open", window.closes_at, f"in the digest that closes at {window.closes_at}")


def _batch(standing: RecipientState, now: datetime) -> StepView:
    """The state of the batch: settled, being sent, or waiting, and for what."""
    detail = f"generation {standing.generation}, attempts: {standing.attempts}"
    if standing.settled_at is not None:
        return _step("batch", "settled", standing.settled_at)
    if standing.lease_until is not None and standing.lease_until > to_text(now):
        return _step("batch", "being_sent", None, detail)
    return _step("batch", f"waits: {standing.waiting or 'queued'}", standing.due_at, f"{detail}, looked at again then")


def _step(step: str, result: str, at: str | None = None, detail: str | None = None) -> StepView:
    return StepView(step=step, result=result, at=at, detail=detail)


def _advice(reason: str | None, *, failed: bool = False) -> str | None:
    """What can be done about it; None for a code that is not in the list, e.g. of a message's own kind."""
    return Reason(reason).advice_when(failed=failed) if reason in set(Reason) else None


def _rules_now(verdict: Verdict) -> RulesNowView:
    return RulesNowView(
        action=verdict.action.value,
        reason=verdict.reason,
        advice=_advice(verdict.reason),
        until=to_text(verdict.until) if verdict.until else None,
        steps=[RuleView(rule=rule, result=result) for rule, result in verdict.steps],
    )
