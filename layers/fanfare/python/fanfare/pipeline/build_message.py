"""Builds the stored message from a request: resolves topic and template, validates, pins."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fanfare.channels import CHANNELS, Email, Sms
from fanfare.clock import to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.catalogue import NO_SENDERS, AllowedSenders, Pinned, Template, Topic
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, Step
from fanfare.errors import Fault, Invalid
from fanfare.ids import new_message_id
from fanfare.pipeline.backoff import AHEAD, START
from fanfare.pipeline.context import LinkMaker, MessageContexts, pinned_of
from fanfare.pipeline.recipients import PersonId, Recipients, resolve
from fanfare.store.catalogue import Catalogue
from fanfare.store.messages import stored_bytes
from fanfare.templates.body import inline_body, offers
from fanfare.templates.content_check import NONE, Contexts, check_content
from fanfare.templates.context import MessageContext
from fanfare.templates.data_schema.validation import FAULTS_LIMIT, data_faults
from fanfare.templates.renderer import SECONDS_TO_SPARE, SECONDS_TOGETHER, Renderer

if TYPE_CHECKING:
    from fanfare.schemas.messages import SubmitRequest

PAYLOAD_LIMIT: Final = 400_000  # bytes; the limit of a DynamoDB item is 409,600, keys and names included
FARTHEST: Final = timedelta(days=366)
NOT_ALLOWED: Final = "Not the sender of the topic, nor one of the setting `senders`. Add it to these."
TOO_SLOW: Final = f"Own data take too long to check together; the limit is {SECONDS_TOGETHER:g} s. Simplify the schema."


@dataclass(frozen=True)
class _Subject:
    """Topic and template of a request; None if not named or not found. `brand`: as it is stored."""

    topic: Topic | None
    template: Template | None
    brand: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class BuildMessage:
    """Builds the message of a request and stores nothing. Used by `Submit` and `DryRun`."""

    catalogue: Catalogue
    renderer: Renderer
    stale_after: float
    retention: timedelta
    person_id: PersonId
    countries: Collection[str] | None = None  # allowed for texts; None for all
    senders: AllowedSenders = NO_SENDERS
    links: LinkMaker | None = None  # for content that is checked

    def run(self, request: SubmitRequest, *, caller: str, now: datetime, dry: bool = False) -> tuple[Message, Payload]:
        """The message to store, with its template pinned. Raises Invalid with each invalid field.

        A template that does not render with the data is refused; a dry run shows that in its samples.
        """
        subject = self._resolve(request)
        faults = [*_subject_faults(request, subject), *_time_faults(request, now)]
        faults += _sender_faults(request, subject.topic, self.senders)
        faults += self._step_faults(request, now)
        if faults:
            raise Invalid("Message can't be accepted.", errors=faults)
        channels = _channels(request, subject.topic)
        _check_countries(channels, self.countries)
        recipients = resolve(request.recipients or (), channels, self.person_id)
        if recipients.faults:
            raise Invalid("Message can't be accepted.", errors=recipients.faults[:FAULTS_LIMIT])
        message = self._message(request, subject, channels, caller, now)
        pinned = self._pinned(request, subject)
        contexts = partial(self._context, message, subject.topic, pinned)
        payload = replace(self._payload(request, subject.template, recipients, contexts), pinned=pinned)
        _check_content_for_any(channels, subject.template, payload.content)
        if not dry:
            payload = self._summarized(payload, subject, channels, recipients, contexts)
            if request.sensitive:
                payload = replace(payload, summary=None)
        return message, _storable(payload)

    def _pinned(self, request: SubmitRequest, subject: _Subject) -> Pinned:
        sender = request.sender.stored() if request.sender else None
        return pinned_of(subject.topic, subject.brand, name=self.renderer.brand.name, sender=sender)

    def _context(self, message: Message, topic: Topic | None, pinned: Pinned, channel: str) -> MessageContext:
        """What templates see of the message, with stand-ins for its links."""
        return MessageContexts(message=message, topic=topic, pinned=pinned, channel=channel, links=self.links).of()

    def _resolve(self, request: SubmitRequest) -> _Subject:
        wanted = request.template
        return _Subject(
            *self.catalogue.for_message(
                request.topic, wanted.id if wanted else None, wanted.version if wanted else None
            )
        )

    def _payload(
        self, request: SubmitRequest, template: Template | None, recipients: Recipients, contexts: Contexts
    ) -> Payload:
        """Data, content and recipients. Raises Invalid if data does not match the schema or content does not render."""
        data = request.data or {}
        content = request.content.model_dump(exclude_none=True) if request.content else None
        if template is not None:
            self._check_data(template, data, recipients)
        if content is not None:
            self.renderer.check_content(content, _first_data(data, recipients), contexts(Email.name))
        ids = recipients.ids if request.recipients is not None else None
        return Payload(data=data, content=content, recipients=ids, own=recipients.own)

    def _check_data(self, template: Template, data: Mapping[str, Any], recipients: Recipients) -> None:
        """Check what each recipient gets against the template's schema. Raises Invalid."""
        if template.body.get("schema") is None:
            return
        if not recipients.all_have_data:
            self.renderer.check_data(template.body, data)
        faults: list[Fault] = []
        began = time.thread_time()
        for pointer, overlaid in recipients.overlaid(data):
            if len(faults) >= FAULTS_LIMIT:
                break
            if time.thread_time() - began > SECONDS_TOGETHER:
                faults.append(Fault(pointer, "data_too_slow", TOO_SLOW))
                break
            faults += data_faults(template.body["schema"], overlaid, pointer=pointer)
        if faults:
            raise Invalid(
                "Data does not match the template's schema.", code="data_invalid", errors=faults[:FAULTS_LIMIT]
            )

    def _summarized(
        self,
        payload: Payload,
        subject: _Subject,
        channels: Sequence[str],
        recipients: Recipients,
        contexts: Contexts,
    ) -> Payload:
        """The payload with its summary. It is rendered first: what is slow, broken, empty or too large fails here.

        Own data of one recipient stand for those of all; each other fails separately when it is sent.
        """
        first = _first_data(payload.data, recipients)
        template = subject.template
        body = template.body if template else inline_body(payload.content or {})
        offered = [channel for channel in channels if offers(body, channel)]
        seconds, contents = None, NONE
        if template is not None:
            seconds = SECONDS_TO_SPARE  # for all of them, so that what all readers share is rendered once
            contents = self.renderer.check_message(body, offered, first, contexts)
        smart = subject.topic is not None and subject.topic.sms_smart
        at = "/template" if template else "/content"
        check_content(self.renderer, body, offered, first, at=at, smart=smart, contexts=contexts, contents=contents)
        context = contexts(Email.name)
        summary = self.renderer.summary(body, offered, payload.data, context, seconds=seconds)
        return replace(payload, summary=summary)

    def _step_faults(self, request: SubmitRequest, now: datetime) -> Iterator[Fault]:
        """A step must leave its message time to come to its end before it is forgotten."""
        times = _times(request, now)
        forgotten = times.end + self.retention
        kept = forgotten - (forgotten - (times.begin or now)) / 10
        for place, step in enumerate(request.steps or ()):
            if times.end + timedelta(seconds=step.seconds) >= kept:
                detail = "Must be due before nine tenths of the retention have passed."
                yield Fault(f"/steps/{place}/after", "step_too_late", detail)

    def _message(
        self, request: SubmitRequest, subject: _Subject, channels: tuple[str, ...], caller: str, now: datetime
    ) -> Message:
        topic, template = subject.topic, subject.template
        times = _times(request, now)
        return Message(
            id=new_message_id(now),
            state=State.PENDING,
            caller=caller,
            topic=request.topic,
            template={"id": template.id, "version": template.version} if template else None,
            channels=channels,
            steps=_steps(request),
            priority=request.priority,
            on_doubt=request.on_doubt,
            shards=topic.shards if topic and request.recipients is None else 1,
            created_at=to_text(now),
            send_at=to_text(times.begin) if times.begin else None,
            send_local=times.local,
            expires_at=to_text(request.expires_at) if request.expires_at else None,
            retain_until=int((times.end + self.retention).timestamp()),
            due_at=to_text(first_due_at(times.begin, now, stale_after=self.stale_after)),
            sensitive=request.sensitive,
        )


@dataclass(frozen=True)
class _Times:
    """When a message leaves: from `begin` on (None: now), for the last reader at `end`."""

    begin: datetime | None
    end: datetime
    local: str | None = None


def _times(request: SubmitRequest, now: datetime) -> _Times:
    begin = request.begins_at
    return _Times(begin if begin and begin > now else None, max(now, request.ends_at or now), request.local)


def _first_data(data: Mapping[str, Any], recipients: Recipients) -> Mapping[str, Any]:
    """Data that a recipient gets: the message's, if they are a recipient's as they are."""
    if not recipients.all_have_data:
        return data
    return next(recipients.overlaid(data))[1]


def _check_countries(channels: tuple[str, ...], countries: Collection[str] | None) -> None:
    """Refuse a message that could only be sent by text if the deployment sends no texts. Raises Invalid."""
    if channels == (Sms.name,) and countries is not None and not countries:
        raise Invalid.field(
            "/channels",
            "country_not_allowed",
            "The deployment sends texts to no country. Set sms_countries in its settings, or use another channel.",
        )


def first_due_at(send_at: datetime | None, now: datetime, *, stale_after: float) -> datetime:
    """When the reconciler checks a new message: if it was queued at once, when its fan-out should have begun."""
    overdue = now + timedelta(seconds=stale_after)
    if send_at is None or send_at <= overdue:
        return max(send_at or now, now) + timedelta(seconds=stale_after)
    return max(send_at - AHEAD, min(overdue, send_at - START))


def _channels(request: SubmitRequest, topic: Topic | None) -> tuple[str, ...]:
    if request.steps:
        return tuple(channel for step in request.steps for channel in step.channels)
    if request.channels:
        return tuple(request.channels)
    return tuple(topic.channels if topic else CHANNELS)


def _check_content_for_any(
    channels: tuple[str, ...], template: Template | None, content: Mapping[str, Any] | None
) -> None:
    body = template.body if template else inline_body(content or {})
    if not any(offers(body, channel) for channel in channels):
        where = "/template" if template else "/content"
        raise Invalid.field(where, "no_content", f"No content for any of the channels {', '.join(channels)}.")


def _storable(payload: Payload) -> Payload:
    """The payload, if it can be stored. Raises Invalid."""
    size = stored_bytes(payload)
    if size > PAYLOAD_LIMIT:  # a body of 256 KiB gets this large only by numbers: 1e15 is stored as 1000000000000000.0
        raise Invalid.field("/data", "too_large", f"Stored payload is {size:,} bytes; the limit is {PAYLOAD_LIMIT:,}.")
    return payload


def _subject_faults(request: SubmitRequest, subject: _Subject) -> Iterator[Fault]:
    topic = subject.topic
    if request.topic is not None and topic is None:
        yield Fault("/topic", "unknown_topic", "No such topic. Create it with PUT /v1/topics/{id}.")
    if request.template is not None and subject.template is None:
        what = "version of the template" if request.template.version is not None else "template"
        yield Fault("/template", "unknown_template", f"No such {what}.")
    for pointer, channel in _named_channels(request):
        if topic is not None and channel not in topic.channels:
            offered = ", ".join(topic.channels)
            yield Fault(
                pointer,
                "channel_not_offered",
                f"Topic is not offered on this channel. Its channels: {offered}.",
            )


def _named_channels(request: SubmitRequest) -> Iterator[tuple[str, str]]:
    """The channels that the request names, with their pointers."""
    for index, channel in enumerate(request.channels or ()):
        yield f"/channels/{index}", channel
    for place, step in enumerate(request.steps or ()):
        for index, channel in enumerate(step.channels):
            yield f"/steps/{place}/channels/{index}", channel


def _steps(request: SubmitRequest) -> tuple[Step, ...]:
    return tuple(
        Step(channels=step.channels, after=step.after, seconds=step.seconds, unless=step.unless)
        for step in request.steps or ()
    )


def _sender_faults(request: SubmitRequest, topic: Topic | None, senders: AllowedSenders) -> Iterator[Fault]:
    address = request.sender.stored().get("address") if request.sender else None
    if address is not None and not senders.allows(address, topic):
        yield Fault("/sender/address", "sender_not_allowed", NOT_ALLOWED)


def _time_faults(request: SubmitRequest, now: datetime) -> Iterator[Fault]:
    begin = request.begins_at or now
    if request.expires_at is not None and request.expires_at <= max(now, begin):
        yield Fault("/expires_at", "expired", "Must be in the future and after send_at.")
    if begin > now + FARTHEST:
        yield Fault("/send_at", "too_far", f"Must be at most {FARTHEST.days} days ahead.")
