"""Subscriptions of users to topics by channel, managed by services on the users' behalf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fanfare.clock import Clock, to_text
from fanfare.domain.audience import Subscription
from fanfare.domain.catalogue import Topic
from fanfare.errors import FanfareError, Fault, Invalid, NotFound
from fanfare.management.topics import find_topic
from fanfare.management.users import find_user, written
from fanfare.pagination import take
from fanfare.schemas.errors import faults, item_error
from fanfare.schemas.subscriptions import SubscriptionItem, SubscriptionResultView
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class ManageSubscriptions:
    audience: Audience
    catalogue: Catalogue
    clock: Clock

    def subscribe(self, user_id: str, topic_id: str, channel: str) -> tuple[Subscription, bool]:
        """The subscription, and whether it is new. Raises NotFound, and Invalid if the topic lacks the channel."""
        topic = find_topic(topic_id, self.catalogue)
        if channel not in topic.channels:
            raise _not_offered(topic, "{channel}")
        find_user(user_id, self.audience)
        before = self.audience.subscriptions.get(user_id, topic_id, channel)
        if before is not None:
            return before, False
        subscription = Subscription(user_id=user_id, topic=topic_id, channel=channel, created_at=to_text(self.clock()))
        self.audience.subscriptions.add(subscription, shards=topic.shards)
        return subscription, True

    def subscribe_many(self, topic_id: str, items: Sequence[Any]) -> list[SubscriptionResultView]:
        """Store or reject each subscription; results are in the order of the items. Raises NotFound for the topic."""
        topic = find_topic(topic_id, self.catalogue)
        checked = [_checked(item, f"/items/{place}", topic) for place, item in enumerate(items)]
        wanted = [item for item in checked if isinstance(item, SubscriptionItem)]
        users = self.audience.users.get_many(item.user_id for item in wanted)
        pairs = dict.fromkeys((item.user_id, item.channel) for item in wanted if item.user_id in users)
        before = self.audience.subscriptions.among(topic_id, pairs)
        now = to_text(self.clock())
        fresh = [
            Subscription(user_id=user_id, topic=topic_id, channel=channel, created_at=now)
            for user_id, channel in pairs
            if (user_id, channel) not in before
        ]
        self.audience.subscriptions.add_many(fresh, shards=topic.shards)
        results = []
        for item, outcome in zip(items, checked, strict=True):
            if isinstance(outcome, FanfareError):
                results.append(_refused(written(item, "user_id"), written(item, "channel"), outcome))
            elif outcome.user_id not in users:
                error = NotFound("No such user.", code="user_not_found")
                results.append(_refused(outcome.user_id, outcome.channel, error))
            else:
                pair = (outcome.user_id, outcome.channel)
                results.append(_taken(*pair, 200 if pair in before else 201))
                before.add(pair)
        return results

    def remove(self, user_id: str, topic_id: str, channel: str) -> None:
        """Take the yes back, for every page of a fan-out committed after this; a repeat changes nothing."""
        self.audience.subscriptions.remove(user_id, topic_id, channel)

    def page(
        self, user_id: str, *, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Subscription], list[str] | None]:
        """A page of a user's subscriptions, and the (topic, channel) to continue after. Raises NotFound."""
        find_user(user_id, self.audience)
        position = (after[0], after[1]) if after else None
        found = self.audience.subscriptions.of_user(user_id, after=position)
        return take(found, limit, lambda last: [last.topic, last.channel])


def _checked(item: Any, at: str, topic: Topic) -> SubscriptionItem | FanfareError:
    try:
        checked = SubscriptionItem.model_validate(item)
    except ValidationError as error:
        return Invalid("Invalid subscription.", errors=faults(error.errors(), at=at))
    return checked if checked.channel in topic.channels else _not_offered(topic, f"{at}/channel")


def _not_offered(topic: Topic, pointer: str) -> Invalid:
    detail = f"Topic is not offered on this channel. Its channels: {', '.join(topic.channels)}."
    return Invalid(detail, errors=[Fault(pointer, "channel_not_offered", detail)])


def _refused(user_id: str | None, channel: str | None, error: FanfareError) -> SubscriptionResultView:
    return SubscriptionResultView.model_validate(
        {"user_id": user_id, "channel": channel, "status": error.status, "error": item_error(error)}
    )


def _taken(user_id: str, channel: str, status: int) -> SubscriptionResultView:
    return SubscriptionResultView(user_id=user_id, channel=channel, status=status, error=None)
