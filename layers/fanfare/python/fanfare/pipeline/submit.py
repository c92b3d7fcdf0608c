"""Accept a message: check it, pin its template, store it, queue its fan-out.

Once the message is stored the answer is yes, even if the queue is down: the reconciler finds what
was never fanned out.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.queues import DELAY_LIMIT, QueueRefused, Queues
from fanfare.channels import CHANNELS
from fanfare.clock import Clock, from_text, to_text
from fanfare.domain.catalogue import Template, Topic
from fanfare.domain.jobs import FanOutJob
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Accepted, Message, Payload
from fanfare.errors import Fault, Invalid
from fanfare.ids import new_message_id
from fanfare.store.catalogue import Catalogue
from fanfare.store.messages import Messages, fingerprint, stored_bytes
from fanfare.templates.renderer import Renderer, derived, inline_body, offers

if TYPE_CHECKING:
    from fanfare.schemas.messages import SubmitRequest

log = logging.getLogger(__name__)

PAYLOAD_LIMIT: Final = 400_000  # bytes: DynamoDB takes items of 409,600, keys and names included
AHEAD = timedelta(seconds=90)  # the reconciler takes a scheduled message up so long before, and queues it to the second


def submit(
    request: SubmitRequest,
    *,
    caller: str,
    idempotency_key: str | None,
    body: Mapping[str, Any],
    messages: Messages,
    catalogue: Catalogue,
    renderer: Renderer,
    queues: Queues,
    clock: Clock,
    stale_after: float,
    retention: timedelta,
) -> Accepted:
    """Store the message and queue its fan-out; with the same key again, the first answer.

    Raises Invalid naming each field that is wrong, and changes nothing then. Raises KeyReused.
    """
    print_ = fingerprint(body)
    now = clock()
    try:
        message, payload = validate_request(
            request, caller, now, catalogue, renderer, stale=timedelta(seconds=stale_after), retention=retention
        )
    except Invalid:
        # what was valid when it was first posted may not be now: the answer stays the same
        if idempotency_key is not None:
            before = messages.accepted_before(caller, idempotency_key, print_)
            if before is not None:
                return before
        raise
    accepted = messages.accept(message, payload, idempotency_key=idempotency_key, fingerprint=print_)
    if not accepted.replayed:
        _queue(message, queues, now)
    return accepted


def validate_request(
    request: SubmitRequest,
    caller: str,
    now: datetime,
    catalogue: Catalogue,
    renderer: Renderer,
    *,
    stale: timedelta,
    retention: timedelta,
) -> tuple[Message, Payload]:
    """The message as it is to be stored, its template pinned. Raises Invalid naming each field that is wrong."""
    wanted = request.template
    topic, template = catalogue.for_message(
        request.topic, wanted.id if wanted else None, wanted.version if wanted else None
    )
    faults = [*_subject_faults(request, topic, template), *_time_faults(request, now)]
    if faults:
        raise Invalid("the message can't be accepted", errors=faults)
    channels = tuple(request.channels or (topic.channels if topic else tuple(CHANNELS)))
    content = request.content.model_dump(exclude_none=True) if request.content else None
    data = request.data or {}
    if template is not None:
        renderer.check_data(template.body, data)
    if content is not None:
        renderer.check_content(content, data)
        content["derived"] = derived(inline_body(content) | {"example": data})
    content_body = template.body if template else inline_body(content or {})
    if not any(offers(content_body, channel) for channel in channels):
        where = "/template" if template else "/content"
        raise Invalid.field(where, "no_content", f"it has nothing for any of the channels {', '.join(channels)}")
    send_at = request.send_at if request.send_at is not None and request.send_at > now else None
    message = Message(
        id=new_message_id(now),
        state=State.PENDING,
        caller=caller,
        topic=request.topic,
        template={"id": template.id, "version": template.version} if template else None,
        channels=channels,
        priority=request.priority,
        on_doubt=request.on_doubt,
        shards=topic.shards if topic else 1,
        created_at=to_text(now),
        send_at=to_text(send_at) if send_at else None,
        expires_at=to_text(request.expires_at) if request.expires_at else None,
        retain_until=int((max(now, send_at or now) + retention).timestamp()),
        due_at=to_text(send_at - AHEAD if send_at and _delay(send_at, now) > DELAY_LIMIT else (send_at or now) + stale),
    )
    recipients = tuple(request.recipients) if request.recipients is not None else None
    return message, _storable(Payload(data=data, content=content, recipients=recipients))


def _storable(payload: Payload) -> Payload:
    """The payload, without the text that was derived where both are too much to keep. Raises Invalid."""
    size = stored_bytes(payload)
    if size > PAYLOAD_LIMIT and payload.content is not None:
        payload = replace(payload, content={name: part for name, part in payload.content.items() if name != "derived"})
        size = stored_bytes(payload)
    if size > PAYLOAD_LIMIT:  # what a body of 256 KiB has no room for, but numbers: 1e15 is kept as 1000000000000000.0
        raise Invalid.field("/data", "too_large", f"as it is kept, it has {size:,} bytes; {PAYLOAD_LIMIT:,} can be")
    return payload


def _subject_faults(request: SubmitRequest, topic: Topic | None, template: Template | None) -> list[Fault]:
    faults = []
    if request.topic is not None and topic is None:
        faults.append(Fault("/topic", "unknown_topic", "there is no such topic: create it with PUT /v1/topics/{id}"))
    if request.template is not None and template is None:
        what = "version of the template" if request.template.version is not None else "template"
        faults.append(Fault("/template", "unknown_template", f"there is no such {what}"))
    for place, channel in enumerate(request.channels or ()):
        if topic is not None and channel not in topic.channels:
            offered = ", ".join(topic.channels)
            faults.append(Fault(f"/channels/{place}", "channel_not_offered", f"the topic has {offered}"))
    return faults


def _time_faults(request: SubmitRequest, now: datetime) -> list[Fault]:
    faults = []
    if request.expires_at is not None and request.expires_at <= max(now, request.send_at or now):
        faults.append(Fault("/expires_at", "expired", "must be after send_at, and in the future"))
    if request.send_at is not None and request.send_at > now + timedelta(days=366):
        faults.append(Fault("/send_at", "too_far", "at most a year ahead"))
    return faults


def _delay(send_at: datetime, now: datetime) -> int:
    return math.ceil((send_at - now).total_seconds())


def _queue(message: Message, queues: Queues, now: datetime) -> None:
    """Queue the fan-out, unless it is the reconciler's to begin later."""
    delay = _delay(from_text(message.send_at), now) if message.send_at else 0
    if delay > DELAY_LIMIT:
        return
    try:
        queues.send_fan_out([FanOutJob(message.id, shard) for shard in range(message.shards)], delay=delay)
    except (ClientError, BotoCoreError, QueueRefused):
        log.exception("not queued; the reconciler will", extra={"message_id": message.id})
