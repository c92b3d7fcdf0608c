"""What a recipient was sent, rendered again: for services, and for the reader in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfare.channels import CHANNELS
from fanfare.clock import Clock
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import User
from fanfare.domain.delivery import Delivery, content_digest
from fanfare.domain.message import Message, Own, Payload
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Gone, NotFound, TemplateError, Unavailable
from fanfare.insight.messages import find_with_payload
from fanfare.pipeline.context import LinkMaker, MessageContexts
from fanfare.pipeline.digests.contents import DigestContents
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.schemas.messages import SentContentView
from fanfare.signing.links import HiddenLinks, Links, ViewLink
from fanfare.signing.person_ids import is_person_id
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList
from fanfare.templates.body import nearest, offers
from fanfare.templates.context import MessageContext
from fanfare.templates.renderer import Renderer


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """What is needed to render a delivery again. `user`: as today; None if erased."""

    message: Message
    payload: Payload
    body: Mapping[str, Any]
    delivery: Delivery
    user: User | None
    own: Own

    def contexts(self, sent: SentContent, links: LinkMaker | None, *, takes_away: bool = True) -> MessageContexts:
        topic = sent.candidates.catalogue.topic(self.message.topic) if self.message.topic else None
        return MessageContexts(
            message=self.message,
            topic=topic,
            pinned=self.payload.pinned,
            channel=self.delivery.channel,
            links=links,
            takes_away=takes_away,
        )


@dataclass(frozen=True, kw_only=True)
class SentContent:
    """Reads what a delivery was rendered from, and renders it."""

    messages: Messages
    batches: Batches
    deliveries: Deliveries
    candidates: Candidates
    renderer: Renderer

    def delivery(self, message: Message, user_id: str, channel: str) -> Delivery | None:
        """The record, in any state."""
        key = (user_id, message.id, channel)
        return self.deliveries.get_many([key]).get(key)

    def read(self, message: Message, payload: Payload, delivery: Delivery) -> _Sent:
        """Raises Gone if the data are gone."""
        own = self._own(delivery)
        if message.digest_of is not None and own is not None:
            contents = DigestContents(deliveries=self.deliveries, messages=self.messages)
            own = contents.of({delivery.user_id: own})[delivery.user_id]
        body = self.candidates.body(message, payload)
        user = self._user(delivery.user_id, own) if own is not None else None
        if payload.gone or not offers(body, delivery.channel):
            raise gone()
        return _Sent(message=message, payload=payload, body=body, delivery=delivery, user=user, own=own or Own())

    def rendered(self, sent: _Sent, user: User, contexts: MessageContexts, context: MessageContext) -> dict[str, str]:
        """The parts. Raises Gone if they do not render any more."""
        reader, on = {**user.profile, "id": user.id}, CHANNELS[sent.delivery.channel]
        try:
            content = self.renderer.render(
                sent.body,
                on.name,
                locale=reader.get("locale"),
                data={**sent.payload.data, **sent.own.data},
                user=reader,
                context=context,
            )
        except TemplateError as error:  # e.g. the user has another language today
            raise gone() from error
        smart = contexts.topic is not None and contexts.topic.sms_smart
        return dict(on.smart(content)) if smart else content

    def _own(self, delivery: Delivery) -> Own | None:
        """What the message said of the recipient; None if that was erased."""
        if delivery.batch_id is None:
            return Own()
        copied = self.batches.own.read(self.batches.recipients([(delivery.message_id, delivery.batch_id)]).values())
        known = [each[delivery.user_id] for each in copied.values() if delivery.user_id in each]
        return known[0] if known else Own()

    def _user(self, user_id: str, own: Own) -> User | None:
        if own.person is not None:
            return User(id=user_id, profile=own.person, by_address=True)
        return self.candidates.audience.users.get(user_id)


@dataclass(frozen=True, kw_only=True)
class ReadContent:
    sent: SentContent
    recipients: RecipientList
    links: LinkMaker | None

    def run(self, message_id: str, *, user_id: str, channel: str) -> SentContentView:
        """What was sent, as it renders today. Raises NotFound if nothing was, and Gone if the data are gone."""
        message, payload = find_with_payload(message_id, self.sent.messages)
        delivery = self.sent.delivery(message, user_id, channel)
        if delivery is None and self._was_sent(message, user_id, channel):
            raise gone()
        if delivery is None or delivery.status is not Outcome.SENT:
            raise NotFound("Nothing was sent to this user on this channel.", code="delivery_not_found")
        sent = self.sent.read(message, payload, delivery)
        if sent.user is None:
            raise gone()
        contexts = sent.contexts(self.sent, self.links)
        content = self.sent.rendered(sent, sent.user, contexts, contexts.of(sent.user))
        return SentContentView.model_validate(
            {
                "channel": channel,
                "locale": nearest(sent.body, channel, sent.user.profile.get("locale")),
                "content": content,
                "template": message.template,
                "exact": content_digest(content) == delivery.content,
            }
        )

    def _was_sent(self, message: Message, user_id: str, channel: str) -> bool:
        """Whether the batches say so: they keep the ids of erased users, and nothing else of them."""
        standing = self.recipients.standings(message.id, message.part_of(user_id), user_id).get(channel)
        return standing is not None and standing.outcome is Outcome.SENT


@dataclass(frozen=True, kw_only=True)
class ViewContent:
    """The message in the browser, for whoever has its link: so without the links that take away or show more."""

    sent: SentContent
    links: Links
    clock: Clock

    def run(self, token: str) -> dict[str, str]:
        """The parts. Raises NotFound for a link that is invalid or of an erased user, Gone after the retention."""
        link = self.links.open_view(token)
        message, payload = self.sent.messages.get_many([link.message_id]).get(link.message_id, (None, Payload()))
        if message is None or message.retain_until <= self.clock().timestamp():
            raise gone()
        stored = not is_person_id(link.user_id)
        if stored and not self._is_theirs(link):
            raise erased()
        delivery = self.sent.delivery(message, link.user_id, link.channel)
        if delivery is None and stored:  # the reader was faster than the record of the mail
            raise Unavailable("Not recorded yet. Retry in a few seconds.")
        sent = self.sent.read(message, payload, delivery) if delivery is not None else None
        if sent is None or sent.user is None:
            raise erased()
        return self._rendered(sent, sent.user)

    def _is_theirs(self, link: ViewLink) -> bool:
        """Whether the link was made for this user, not for an earlier one under the same id."""
        user = self.sent.candidates.audience.users.get(link.user_id)
        return user is not None and user.generation == link.generation

    def _rendered(self, sent: _Sent, user: User) -> dict[str, str]:
        """As it was sent, with a footer where there was one, but without its link."""
        hidden = sent.contexts(self.sent, HiddenLinks(self.links.base))
        context = hidden.of(user)
        with_footer = self.sent.rendered(sent, user, hidden, context)
        without = self.sent.rendered(sent, user, hidden, replace(context, footer=False))
        footed = [part for part, text in with_footer.items() if text != without[part]]
        shown = sent.contexts(self.sent, self.links, takes_away=False)
        return self.sent.rendered(sent, user, shown, replace(shown.of(user), footed=footed))


def erased() -> NotFound:
    """The answer if the reader was erased."""
    return NotFound("This link is no longer valid: the user does not exist.", code="reader_erased")


def gone() -> Gone:
    """The answer if the data are gone."""
    return Gone("The data of this delivery are gone.", code="content_gone")
