"""Content of a batch: rendered per recipient, with the reader's links."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.channels.base import Channel, Envelope
from fanfare.channels.reasons import Reason
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.outcomes import Outcome
from fanfare.errors import FanfareError, TemplateError
from fanfare.pipeline.context import MessageContexts
from fanfare.pipeline.deliver.work import Ending, Work
from fanfare.signing.links import Links
from fanfare.store.catalogue import Catalogue
from fanfare.templates.body import inline_body
from fanfare.templates.context import MessageContext
from fanfare.templates.renderer import Renderer

log = logging.getLogger(__name__)

PROVIDER_SECONDS = 25.0  # maximum of a provider call and its records; with less time left, no call is started


@dataclass
class InTime:
    """Limits the time for rendering: a step as slow as the slowest of the run must leave enough for the provider."""

    time_left: Callable[[], float]
    slowest: float = 0.0

    def for_one_more(self) -> bool:
        return self.time_left() - self.slowest >= PROVIDER_SECONDS

    def each(self, indexes: Iterable[int]) -> Iterator[int]:
        """The indexes, while there is time for one more."""
        left = self.time_left()
        for index in indexes:
            if left - self.slowest < PROVIDER_SECONDS:
                return
            yield index
            before, left = left, self.time_left()
            self.slowest = max(self.slowest, before - left)


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Renders a message for its recipients. `links` is None if there is no public API to link to."""

    channel: Channel
    catalogue: Catalogue
    renderer: Renderer
    links: Links | None

    def body(self, work: Work) -> Mapping[str, Any]:
        """The template body: the pinned version, or inline content. Raises LookupError if the version is missing."""
        pinned = work.message.template
        if pinned is None:
            return inline_body(work.payload.content or {})
        template = self.catalogue.template(pinned["id"], pinned["version"])
        if template is None:
            raise LookupError(f"template {pinned['id']} has no version {pinned['version']}")
        return template.body

    def envelopes(
        self,
        work: Work,
        body: Mapping[str, Any],
        readers: Mapping[int, User],
        *,
        in_time: InTime,
    ) -> tuple[dict[int, Envelope], dict[int, Ending]]:
        """By index: an envelope, or a failure if the template does not render.

        If time runs out, the remaining recipients are in neither; they wait for the next attempt.
        """
        contexts = self._contexts(work)
        smart = self.channel.smart if contexts.topic is not None and contexts.topic.sms_smart else dict
        envelopes: dict[int, Envelope] = {}
        endings: dict[int, Ending] = {}
        for index in in_time.each(readers):
            user = readers[index]
            try:
                data, context = work.data_of(index), contexts.of(user)
                content = smart(self._rendered(body, data, user, context))
                envelopes[index] = self._envelope(work, index, user, data, content, context)
            except TemplateError as error:
                log.warning(
                    "template does not render",
                    extra={"message_id": work.message.id, "line": error.line, "column": error.column},
                )
                endings[index] = Ending(Outcome.FAILED, Reason.TEMPLATE_ERROR)
            except (ClientError, BotoCoreError, FanfareError):
                raise  # AWS failed, e.g. while the keys of links were read: a matter of the batch
            except Exception:
                log.exception("not composed", extra={"message_id": work.message.id, "user_id": user.id})
                endings[index] = Ending(Outcome.FAILED, Reason.RECIPIENT_ERROR)
        return envelopes, endings

    def _envelope(
        self,
        work: Work,
        index: int,
        user: User,
        data: Mapping[str, Any],
        content: Mapping[str, str],
        context: MessageContext,
    ) -> Envelope:
        unsubscribe = context.links.unsubscribe if self.channel.finished else None
        return Envelope(
            message_id=work.message.id,
            user_id=user.id,
            address=user.address(self.channel),
            content=content,
            unsubscribe=unsubscribe,
            data=data,
            address_no=user.readdressed.get(self.channel.name, 0),
            batch_id=work.batch.id,
            place=index,
            generation=user.generation,
            secret_no=user.secret_no,
            secret_at=user.secret_at,
            topic=work.message.topic,
            sender=work.payload.pinned.sender if work.payload.pinned else None,
            links=tuple(context.links.made),
        )

    def _rendered(
        self, body: Mapping[str, Any], data: Mapping[str, Any], user: User, context: MessageContext
    ) -> dict[str, str]:
        return self.renderer.render(
            body,
            self.channel.name,
            locale=user.profile.get("locale"),
            data=data,
            user={**user.profile, "id": user.id},
            context=context,
        )

    def _contexts(self, work: Work) -> MessageContexts:
        name = work.message.topic
        return MessageContexts(
            message=work.message,
            topic=self.catalogue.topic(name) if name is not None else None,
            pinned=work.payload.pinned,
            channel=self.channel.name,
            links=self.links,
        )
