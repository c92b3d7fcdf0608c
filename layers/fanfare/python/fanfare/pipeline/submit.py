"""Accept a message: check it, pin its template, store it, queue its fan-out.

A stored message is accepted even if the queue is down: the reconciler finds messages that were never fanned out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.queues import QueueRefused, Queues
from fanfare.clock import Clock, from_text
from fanfare.data_classes import dataclass
from fanfare.domain.jobs import FanOutJob
from fanfare.domain.message import Accepted, Message
from fanfare.errors import Invalid
from fanfare.pipeline.backoff import AHEAD
from fanfare.pipeline.build_message import BuildMessage
from fanfare.pipeline.fan_out.short_way import ShortWay
from fanfare.store.messages import Messages, fingerprint

if TYPE_CHECKING:
    from fanfare.schemas.messages import SubmitRequest

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Submit:
    build: BuildMessage
    short_way: ShortWay
    messages: Messages
    queues: Queues
    clock: Clock

    def run(
        self, request: SubmitRequest, *, caller: str, idempotency_key: str | None, body: Mapping[str, Any]
    ) -> Accepted:
        """Store the message, and queue its fan-out or, on the short way, its batches.

        A repeat with the same key returns the first result.

        Raises Invalid with each invalid field, without a change. Raises KeyReused.
        """
        body_fingerprint = fingerprint(body)
        now = self.clock()
        try:
            message, payload = self.build.run(request, caller=caller, now=now)
        except Invalid:
            # the first request was valid, e.g. its topic existed: a repeat gets the first result
            if idempotency_key is not None:
                before = self.messages.accepted_before(caller, idempotency_key, body_fingerprint)
                if before is not None:
                    return before
            raise
        short = self.short_way.run(message, payload, idempotency_key=idempotency_key, fingerprint=body_fingerprint)
        if short is not None:
            return short
        accepted = self.messages.accept(message, payload, idempotency_key=idempotency_key, fingerprint=body_fingerprint)
        if not accepted.replayed:
            self._queue(message, now)
        return accepted

    def _queue(self, message: Message, now: datetime) -> None:
        """Queue the fan-out, unless the reconciler queues it later."""
        if message.send_at is not None and from_text(message.send_at) - now > AHEAD:
            return
        try:
            self.queues.send_fan_out([FanOutJob(message.id, shard) for shard in range(message.shards)])
        except (ClientError, BotoCoreError, QueueRefused):
            log.exception("not queued; the reconciler will", extra={"message_id": message.id})
