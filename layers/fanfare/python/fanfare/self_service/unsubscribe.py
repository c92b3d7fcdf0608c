"""Unsubscribe by a link (RFC 8058): without an account, from one topic on one channel, as often as it is pressed."""

from __future__ import annotations

from dataclasses import dataclass

from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a link is for, as its page says it. The topic's id stands for the title of one that is gone."""

    user_id: str
    topic: str
    title: str
    channel: str
    subscribed: bool


def look(token: str, *, audience: Audience, catalogue: Catalogue, links: Links) -> Link:
    """What the link would do. Changes nothing. Raises NotFound."""
    user_id, topic_id, channel = links.open_unsubscribe(token)
    topic = catalogue.topic(topic_id)
    return Link(
        user_id=user_id,
        topic=topic_id,
        title=topic.title if topic else topic_id,
        channel=channel,
        subscribed=audience.subscriptions.get(user_id, topic_id, channel) is not None,
    )


def unsubscribe(token: str, *, audience: Audience, catalogue: Catalogue, links: Links) -> Link:
    """Do it, also where the user or the topic is gone; a repeat changes nothing. Raises NotFound."""
    link = look(token, audience=audience, catalogue=catalogue, links=links)
    audience.subscriptions.remove(link.user_id, link.topic, link.channel)
    return link
