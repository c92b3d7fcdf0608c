"""The short way of a message to few named recipients: decided when it is submitted, without a fan-out.

The message, its batches, skips, charges and the idempotency key are written in one transaction. The batches lie in the
message's own item, and are queued on their channels at once. From then on they are batches like any other.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.queues import QueueRefused, Queues
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import SHORT, Batch, BatchState, Totals, batch_id
from fanfare.domain.catalogue import Topic
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Accepted, Message, Payload, Progress
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.pipeline.fan_out.job import digested, skipped
from fanfare.pipeline.fan_out.page import FanOutPage
from fanfare.pipeline.redrive import queue_batches
from fanfare.signing.person_ids import is_person_id
from fanfare.store.audience import Audience
from fanfare.store.audience.users import check_present
from fanfare.store.batches import short_attributes
from fanfare.store.catalogue import FRESH_SECONDS
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.windows import Windows

log = logging.getLogger(__name__)

PAIRS = 40  # of user and channel: each takes up to two items of the transaction
TRIES: Final = 4  # while a reader or another message changes the same users; then the fan-out decides

Batches = Sequence[tuple[Batch, BatchState]]


@dataclass(frozen=True, kw_only=True)
class ShortWay:
    messages: Messages
    audience: Audience
    candidates: Candidates
    deliveries: Deliveries
    windows: Windows
    queues: Queues
    clock: Clock
    stale_after: float
    sleep: Callable[[float], None] = time.sleep

    def run(
        self, message: Message, payload: Payload, *, idempotency_key: str | None, fingerprint: str
    ) -> Accepted | None:
        """Accept the message and queue its batches; None, without a change, if it must take the long way.

        Raises KeyReused.
        """
        named = len(payload.recipients or ()) * len(message.channels)
        if payload.recipients is None or message.send_at is not None or named > PAIRS:
            return None
        for number in range(TRIES):
            if number:
                self.sleep(random.uniform(0, 0.02 * number))  # noqa: S311 - jitter, not a secret
            now = self.clock()
            topic = self.candidates.catalogue.topic(message.topic, max_age=FRESH_SECONDS) if message.topic else None
            page = self._page(message, payload, topic, now)
            if page is None:
                return None
            batches = list(page.batches(message, overdue=now + timedelta(seconds=self.stale_after)))
            if message.sensitive and not batches:
                return None  # it would be at rest with its data
            accepting = _accepted(message, batches, page, now)
            transaction = self._parts(accepting, topic, batches, page, now)
            try:
                accepted = self.messages.accept_with(
                    transaction,
                    accepting,
                    _of_these(payload, batches),
                    idempotency_key=idempotency_key,
                    fingerprint=fingerprint,
                    batches=short_attributes(batches, page.skips, page.gathered),
                )
            except ConditionFailed as conflict:
                log.info("decided again", extra={"message_id": message.id, "reasons": set(conflict.codes)})
                continue
            if not accepted.replayed:
                self._go_on(accepting, batches)
            return accepted
        return None

    def _page(self, message: Message, payload: Payload, topic: Topic | None, now: datetime) -> FanOutPage | None:
        """The decisions on all recipients; None if they don't fit one transaction."""
        rows = self.candidates.next_rows(message, payload, 0, None, now=now, limit=PAIRS).rows
        page = FanOutPage.of(message, payload, Progress(shard=SHORT))
        for row, candidate in self.candidates.of(message, payload, topic, rows, now=now, subscribers=False):
            if not page.add(row, candidate):
                return None
        # one more item for each subscription that is checked
        checked = page.recipients - len(page.skips) - len(page.gathered)
        return None if page.gathered and page.items + checked > TRANSACTION_LIMIT else page

    def _parts(
        self, message: Message, topic: Topic | None, batches: Batches, page: FanOutPage, now: datetime
    ) -> Transaction:
        """What the transaction has in addition to the message: nothing of it has changed since it was read."""
        transaction = Transaction()
        for user, limits in page.charges.values():
            self.audience.users.charge(transaction, user, limits)
        owning = {user_id for batch, _ in batches for user_id in batch.with_own}
        owning |= {each.user_id for each in page.gathered if each.own is not None}
        for user_id in sorted(owning - page.charges.keys()):
            if not is_person_id(user_id):  # an erasure that has begun does not find what is stored after it
                check_present(transaction, self.audience.table, user_id)
        if message.topic is not None and not (topic and topic.required):
            asked = [batch for batch, _ in batches if message.later_step(batch.channel) is None]
            for batch in asked:
                for user_id in batch.recipients:
                    self.audience.subscriptions.check_yes(transaction, user_id, message.topic, batch.channel)
        for skip in page.skips:
            self.deliveries.record_in(transaction, skipped(message, skip, now))
        for each in page.gathered:
            self.windows.add(transaction, each, message.id, message.retain_until)
            self.deliveries.record_in(transaction, digested(message, each, batch_id(SHORT, 0, 0), now))
        return transaction

    def _go_on(self, message: Message, batches: Batches) -> None:
        """Queue the batches. A failure loses nothing: the reconciler finds the message once it is due."""
        try:
            queue_batches([state for _, state in batches], self.queues, now=self.clock())
        except (ClientError, BotoCoreError, QueueRefused):
            log.exception("not queued; the reconciler will", extra={"message_id": message.id})
        if message.at_rest and self.messages.moved is not None:
            self.messages.moved(message)


def _of_these(payload: Payload, batches: Batches) -> Payload:
    """The payload, without data of recipients who are skipped: an erasure would not find them."""
    owning = {user_id for batch, _ in batches for user_id in batch.with_own}
    return replace(payload, own={user_id: own for user_id, own in payload.own.items() if user_id in owning})


def _accepted(message: Message, batches: Batches, page: FanOutPage, now: datetime) -> Message:
    """The message as it is stored: active or, if all recipients are skipped, sent."""
    entry = {"state": State.ACTIVE, "at": to_text(now)}
    begun = ({"state": State.PENDING, "at": message.created_at}, entry)
    if batches:
        first = min(state.due_at or "" for _, state in batches)
        return replace(message, state=State.ACTIVE, shards=0, timeline=begun, due_at=first)
    counts = Totals(codes={Outcome.SKIPPED: len(page.skips), Outcome.DIGESTED: len(page.gathered)}).counts()
    over = {"state": State.SENT, "at": to_text(now)}
    return replace(message, state=State.SENT, shards=0, timeline=(*begun, over), counts=counts, due_at=None)
