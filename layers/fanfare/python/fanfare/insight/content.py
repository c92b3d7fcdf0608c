"""What a recipient was sent, rendered again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fanfare.channels import CHANNELS
from fanfare.domain.audience import User
from fanfare.domain.delivery import Delivery, content_digest
from fanfare.domain.message import Message, Own, Payload
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Gone, NotFound, TemplateError
from fanfare.insight.messages import find_message
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.schemas.messages import SentContentView
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.templates.body import nearest, offers
from fanfare.templates.renderer import Renderer


@dataclass(frozen=True, kw_only=True)
class ReadContent:
    messages: Messages
    batches: Batches
    deliveries: Deliveries
    candidates: Candidates
    renderer: Renderer

    def run(self, message_id: str, *, user_id: str, channel: str) -> SentContentView:
        """What was sent, as it renders today. Raises NotFound if nothing was, and Gone if the data are gone."""
        message = find_message(message_id, self.messages)
        key = (user_id, message.id, channel)
        delivery = self.deliveries.get_many([key]).get(key)
        if delivery is None or delivery.status is not Outcome.SENT:
            raise NotFound("Nothing was sent to this user on this channel.", code="delivery_not_found")
        payload = self.messages.get_many([message.id])[message.id][1]
        own = self._own(delivery)
        user = self._user(user_id, own)
        body = self.candidates.body(message, payload)
        if payload.gone or user is None or not offers(body, channel):
            raise _gone()
        content = self._rendered(message, payload, body, delivery, user, own)
        return SentContentView.model_validate(
            {
                "channel": channel,
                "locale": nearest(body, channel, user.profile.get("locale")),
                "content": content,
                "template": message.template,
                "exact": content_digest(content) == delivery.content,
            }
        )

    def _own(self, delivery: Delivery) -> Own:
        """What the message said of the recipient. Raises Gone if that was erased."""
        if delivery.batch_id is None:
            return Own()
        copied = self.batches.own.read(self.batches.recipients([(delivery.message_id, delivery.batch_id)]).values())
        known = [each[delivery.user_id] for each in copied.values() if delivery.user_id in each]
        if known and known[0] is None:
            raise _gone()
        return known[0] or Own() if known else Own()

    def _user(self, user_id: str, own: Own) -> User | None:
        if own.person is not None:
            return User(id=user_id, profile=own.person, by_address=True)
        return self.candidates.audience.users.get(user_id)

    def _rendered(
        self,
        message: Message,
        payload: Payload,
        body: Mapping[str, Any],
        delivery: Delivery,
        user: User,
        own: Own,
    ) -> dict[str, str]:
        on = CHANNELS[delivery.channel]
        reader = {**user.profile, "id": user.id}
        data = {**payload.data, **own.data}
        try:
            content = self.renderer.render(body, on.name, locale=reader.get("locale"), data=data, user=reader)
        except TemplateError as error:  # e.g. the user has another language today
            raise _gone() from error
        topic = self.candidates.catalogue.topic(message.topic) if message.topic else None
        return dict(on.smart(content)) if topic is not None and topic.sms_smart else content


def _gone() -> Gone:
    return Gone("The data of this delivery are gone.", code="content_gone")
