"""Subscriptions of users to topics by channel, managed by services on the users' behalf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import Answer, By, Consent, Subscription
from fanfare.domain.catalogue import Topic
from fanfare.errors import FanfareError, Fault, Invalid, NotFound
from fanfare.management.topics import find_topic
from fanfare.management.users import find_user, written
from fanfare.pagination import take
from fanfare.schemas.errors import faults, item_error
from fanfare.schemas.subscriptions import PutSubscriptionRequest, SubscriptionItem, SubscriptionResultView
from fanfare.store.audience import Audience
from fanfare.store.audience.subscriptions.answers import Given
from fanfare.store.audience.subscriptions.subscribers import TopicCount
from fanfare.store.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class ManageSubscriptions:
    audience: Audience
    catalogue: Catalogue
    clock: Clock

    def put(
        self, user_id: str, topic_id: str, channel: str, request: PutSubscriptionRequest | None = None
    ) -> tuple[Subscription, bool]:
        """The subscription, and whether it is new. Raises NotFound, Conflict, and Invalid if the topic lacks the
        channel."""
        request = request or PutSubscriptionRequest.model_validate({})
        request.check_path(user_id=user_id, topic=topic_id, channel=channel)
        if request.state is Answer.NO:
            return self._taken_back(user_id, topic_id, channel), False
        by = By.IMPORT if request.by is By.IMPORT else By.SERVICE
        return self.give(
            self._yes(
                (user_id, topic_id, channel),
                by=by,
                at=_told(request.at, self.clock(), "/at"),
                evidence=request.evidence,
                frequency=request.frequency,
            )
        )

    def resubscribe(self, user_id: str, topic_id: str, channel: str, evidence: str) -> tuple[Subscription, bool]:
        """Subscribe a person who unsubscribed, with new evidence. Raises NotFound, Conflict, Invalid."""
        return self.give(self._yes((user_id, topic_id, channel), by=By.SERVICE, evidence=evidence), override=True)

    def give(self, yes: Subscription, *, override: bool = False) -> tuple[Subscription, bool]:
        """The stored or standing subscription, and whether it is new. Raises NotFound, Conflict, Invalid."""
        topic = find_topic(yes.topic, self.catalogue)
        if yes.channel not in topic.channels:
            raise _not_offered(topic, "{channel}")
        given = self.audience.subscriptions.add(yes, shards=topic.shards, override=override)
        if given is None:
            raise NotFound("No such user.", code="user_not_found")
        return given.subscription or yes, given.new

    def _yes(self, whose: tuple[str, str, str], *, by: By, at: str | None = None, **more: Any) -> Subscription:
        user_id, topic_id, channel = whose
        now = to_text(self.clock())
        return Subscription(
            user_id=user_id, topic=topic_id, channel=channel, created_at=now, by=by, given_at=at, **more
        )

    def _reported(self, topic_id: str, item: SubscriptionItem) -> Subscription:
        """An answer as a service reported it."""
        told = self._yes(
            (item.user_id, topic_id, item.channel),
            by=item.by or By.SERVICE,
            at=to_text(item.at) if item.at else None,
            evidence=item.evidence,
            frequency=item.frequency,
        )
        return replace(told, state=item.state or Answer.YES)

    def _taken_back(self, user_id: str, topic_id: str, channel: str) -> Subscription:
        """The standing no after the service took a yes back. Raises NotFound."""
        find_user(user_id, self.audience)
        self.remove(user_id, topic_id, channel)
        never_had = replace(self._yes((user_id, topic_id, channel), by=By.SERVICE), state=Answer.NO)
        return self.audience.consents.no_to(user_id, topic_id, channel) or never_had

    def put_many(self, topic_id: str, items: Sequence[Any]) -> list[SubscriptionResultView]:
        """Store or reject each answer; results are in the order of the items. Raises NotFound for the topic."""
        topic = find_topic(topic_id, self.catalogue)
        now = self.clock()
        checked = [_checked(item, f"/items/{place}", topic, now) for place, item in enumerate(items)]
        wanted = [self._reported(topic_id, item) for item in checked if isinstance(item, SubscriptionItem)]
        yeses, nos = ([each for each in wanted if each.state is state] for state in Answer)
        given = self.audience.subscriptions.add_many(yeses, shards=topic.shards)
        # a pair with both ends as refused
        refused = self.audience.subscriptions.refuse_many(nos)
        given |= {pair: Given(new=changed) for pair, changed in refused.items()}
        seen: set[tuple[str, str]] = set()
        results = []
        for item, outcome in zip(items, checked, strict=True):
            if isinstance(outcome, FanfareError):
                results.append(_refused(written(item, "user_id"), written(item, "channel"), outcome))
                continue
            pair = (outcome.user_id, outcome.channel)
            result = given.get(pair)
            error = NotFound("No such user.", code="user_not_found") if result is None else result.refused
            if error is not None:
                results.append(_refused(*pair, error))
            else:
                results.append(_taken(*pair, 201 if result and result.new and pair not in seen else 200))
            seen.add(pair)
        return results

    def remove(self, user_id: str, topic_id: str, channel: str) -> None:
        """Take the yes back, for every page of a fan-out committed after this; a repeat changes nothing."""
        self.audience.subscriptions.remove(user_id, topic_id, channel)

    def page(
        self, user_id: str, *, state: Answer = Answer.YES, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Subscription], list[str] | None]:
        """A page of a user's subscriptions, and the (topic, channel) to continue after. Raises NotFound."""
        find_user(user_id, self.audience)
        return subscriptions_page(self.audience, user_id, state=state, after=after, limit=limit)


@dataclass(frozen=True, kw_only=True)
class ListSubscribers:
    audience: Audience
    catalogue: Catalogue

    def page(
        self, topic_id: str, *, channel: str | None, state: Answer | None, after: Sequence[Any] | None, limit: int
    ) -> tuple[list[Subscription], list[Any] | None]:
        """A page of a topic's subscribers, and the position to continue after. Raises NotFound."""
        topic = find_topic(topic_id, self.catalogue)
        found = self.audience.subscribers.of_topic(
            topic_id,
            topic.shards,
            channel=channel,
            states=(state,) if state else tuple(Answer),
            after=(after[0], after[1], after[2]) if after else None,
        )
        page, position = take(found, limit, lambda last: [*last[0]])
        return [subscription for _, subscription in page], position

    def counts(self, topic_id: str) -> dict[str, TopicCount]:
        """Channel → number of subscribers. Raises NotFound."""
        topic = find_topic(topic_id, self.catalogue)
        return self.audience.subscribers.counts(topic_id, topic.shards, topic.channels)


@dataclass(frozen=True, kw_only=True)
class ListConsents:
    audience: Audience

    def of_known(self, user_id: str, *, after: int | None, limit: int) -> tuple[list[Consent], int | None]:
        """Like `page`. Raises NotFound."""
        find_user(user_id, self.audience)
        return self.page(user_id, after=after, limit=limit)

    def page(self, user_id: str, *, after: int | None, limit: int) -> tuple[list[Consent], int | None]:
        """A page of a user's consents, newest first, and the number of those before the next page."""
        yeses = self.audience.subscriptions.of_user(user_id)
        found = self.audience.consents.of_user(user_id, yeses=yeses)
        # counted from the oldest, so that a new one moves nothing
        end = len(found) if after is None else min(after, len(found))
        page = found[len(found) - end :][:limit]
        return page, end - limit if end > limit else None


def subscriptions_page(
    audience: Audience, user_id: str, *, state: Answer = Answer.YES, after: Sequence[str] | None, limit: int
) -> tuple[list[Subscription], list[str] | None]:
    """A page of a user's yeses or nos, and the (topic, channel) to continue after."""
    position = (after[0], after[1]) if after else None
    if state is Answer.YES:
        found: Iterable[Subscription] = audience.subscriptions.of_user(user_id, after=position)
    else:
        nos = audience.consents.nos(user_id, yeses=audience.subscriptions.of_user(user_id))
        found = (no for no in nos if position is None or (no.topic, no.channel) > position)
    return take(found, limit, lambda last: [last.topic, last.channel])


def _told(at: datetime | None, now: datetime, pointer: str) -> str | None:
    """A time that a service reported. Raises Invalid if it is in the future."""
    if at is not None and at > now:
        raise Invalid.field(pointer, "in_the_future", "Must not be in the future.")
    return to_text(at) if at else None


def _checked(item: Any, at: str, topic: Topic, now: datetime) -> SubscriptionItem | FanfareError:
    try:
        checked = SubscriptionItem.model_validate(item)
        _told(checked.at, now, f"{at}/at")
    except ValidationError as error:
        return Invalid("Invalid subscription.", errors=faults(error.errors(), at=at))
    except Invalid as refused:
        return refused
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
