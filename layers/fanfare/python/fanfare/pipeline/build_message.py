"""From what a service posts to the message that is stored: resolve what it names, validate it, build the message."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fanfare.aws.queues import DELAY_LIMIT
from fanfare.channels import CHANNELS
from fanfare.clock import to_text
from fanfare.domain.catalogue import Template, Topic
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload
from fanfare.errors import Fault, Invalid
from fanfare.ids import new_message_id
from fanfare.store.catalogue import Catalogue
from fanfare.store.messages import stored_bytes
from fanfare.templates.body import inline_body, offers
from fanfare.templates.renderer import Renderer, derived

if TYPE_CHECKING:
    from fanfare.schemas.messages import SubmitRequest

PAYLOAD_LIMIT: Final = 400_000  # bytes: DynamoDB takes items of 409,600, keys and names included
AHEAD = timedelta(seconds=90)  # the reconciler takes a scheduled message up so long before, and queues it to the second
FARTHEST: Final = timedelta(days=366)


@dataclass(frozen=True)
class _Subject:
    """What a request names, as far as it exists."""

    topic: Topic | None
    template: Template | None


@dataclass(frozen=True, kw_only=True)
class BuildMessage:
    """Makes the message of a request; stores nothing. `Submit` and `DryRun` share it."""

    catalogue: Catalogue
    renderer: Renderer
    stale_after: float
    retention: timedelta

    def run(self, request: SubmitRequest, *, caller: str, now: datetime) -> tuple[Message, Payload]:
        """The message as it is to be stored, its template pinned. Raises Invalid naming each field that is wrong."""
        subject = self._resolve(request)
        faults = [*_subject_faults(request, subject), *_time_faults(request, now)]
        if faults:
            raise Invalid("the message can't be accepted", errors=faults)
        channels = _channels(request, subject.topic)
        payload = self._payload(request, subject.template)
        _check_content_for_any(channels, subject.template, payload.content)
        return self._message(request, subject, channels, caller, now), _storable(payload)

    def _resolve(self, request: SubmitRequest) -> _Subject:
        wanted = request.template
        return _Subject(
            *self.catalogue.for_message(
                request.topic, wanted.id if wanted else None, wanted.version if wanted else None
            )
        )

    def _payload(self, request: SubmitRequest, template: Template | None) -> Payload:
        """Data, content and recipients. Raises Invalid if data do not fit the schema or content does not render."""
        data = request.data or {}
        content = request.content.model_dump(exclude_none=True) if request.content else None
        if template is not None:
            self.renderer.check_data(template.body, data)
        if content is not None:
            self.renderer.check_content(content, data)
            content["derived"] = derived(inline_body(content) | {"example": data})
        recipients = tuple(request.recipients) if request.recipients is not None else None
        return Payload(data=data, content=content, recipients=recipients)

    def _message(
        self, request: SubmitRequest, subject: _Subject, channels: tuple[str, ...], caller: str, now: datetime
    ) -> Message:
        topic, template = subject.topic, subject.template
        send_at = request.send_at if request.send_at is not None and request.send_at > now else None
        return Message(
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
            retain_until=int(((send_at or now) + self.retention).timestamp()),
            due_at=to_text(first_due_at(send_at, now, stale_after=self.stale_after)),
        )


def first_due_at(send_at: datetime | None, now: datetime, *, stale_after: float) -> datetime:
    """When the reconciler looks at a new message.

    The queue holds a fan-out back for `DELAY_LIMIT` seconds at most: a message scheduled beyond that is queued by the
    reconciler, shortly before its time. Every other one is queued at once, and looked at when it should have begun.
    """
    if send_at is not None and queue_delay(send_at, now) > DELAY_LIMIT:
        return send_at - AHEAD
    return (send_at or now) + timedelta(seconds=stale_after)


def queue_delay(send_at: datetime, now: datetime) -> int:
    """Whole seconds until then."""
    return math.ceil((send_at - now).total_seconds())


def _channels(request: SubmitRequest, topic: Topic | None) -> tuple[str, ...]:
    if request.channels:
        return tuple(request.channels)
    return tuple(topic.channels if topic else CHANNELS)


def _check_content_for_any(
    channels: tuple[str, ...], template: Template | None, content: Mapping[str, Any] | None
) -> None:
    body = template.body if template else inline_body(content or {})
    if not any(offers(body, channel) for channel in channels):
        where = "/template" if template else "/content"
        raise Invalid.field(where, "no_content", f"it has nothing for any of the channels {', '.join(channels)}")


def _storable(payload: Payload) -> Payload:
    """The payload, without the text that was derived if both are too much to keep. Raises Invalid."""
    size = stored_bytes(payload)
    if size > PAYLOAD_LIMIT and payload.content is not None:
        payload = replace(payload, content={name: part for name, part in payload.content.items() if name != "derived"})
        size = stored_bytes(payload)
    if size > PAYLOAD_LIMIT:  # what a body of 256 KiB has no room for, but numbers: 1e15 is kept as 1000000000000000.0
        raise Invalid.field("/data", "too_large", f"as it is kept, it has {size:,} bytes; {PAYLOAD_LIMIT:,} can be")
    return payload


def _subject_faults(request: SubmitRequest, subject: _Subject) -> Iterator[Fault]:
    topic = subject.topic
    if request.topic is not None and topic is None:
        yield Fault("/topic", "unknown_topic", "there is no such topic: create it with PUT /v1/topics/{id}")
    if request.template is not None and subject.template is None:
        what = "version of the template" if request.template.version is not None else "template"
        yield Fault("/template", "unknown_template", f"there is no such {what}")
    for index, channel in enumerate(request.channels or ()):
        if topic is not None and channel not in topic.channels:
            offered = ", ".join(topic.channels)
            yield Fault(f"/channels/{index}", "channel_not_offered", f"the topic has {offered}")


def _time_faults(request: SubmitRequest, now: datetime) -> Iterator[Fault]:
    if request.expires_at is not None and request.expires_at <= max(now, request.send_at or now):
        yield Fault("/expires_at", "expired", "must be after send_at, and in the future")
    if request.send_at is not None and request.send_at > now + FARTHEST:
        yield Fault("/send_at", "too_far", "at most a year ahead")
