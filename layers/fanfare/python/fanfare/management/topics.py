"""Topics: what messages are about, with their defaults."""

from __future__ import annotations

from fanfare.clock import Clock, to_text
from fanfare.domain.catalogue import Topic
from fanfare.errors import ConditionFailed, Conflict, NotFound
from fanfare.schemas.topics import PutTopicRequest
from fanfare.store.catalogue import Catalogue


def put_topic(topic_id: str, request: PutTopicRequest, *, catalogue: Catalogue, clock: Clock) -> tuple[Topic, bool]:
    """Create the topic or replace it; says which. Raises Conflict where its shards would change."""
    now = to_text(clock())
    before, shards = catalogue.read_shards(topic_id)
    topic = Topic(
        id=topic_id,
        title=request.title,
        description=request.description or "",
        channels=request.channels,
        required=bool(request.required),
        category=request.category or "general",
        limit=request.limit.model_dump() if request.limit else None,
        public=bool(request.public),
        shards=request.shards or shards or 1,
        created_at=before.created_at if before else now,
        updated_at=now,
    )
    try:
        catalogue.put_topic(topic)
    except ConditionFailed as failed:
        raise Conflict("the topic has other shards, with subscriptions in them", code="shards_are_fixed") from failed
    return topic, before is None


def get_topic(topic_id: str, *, catalogue: Catalogue) -> Topic:
    """The topic as it is now. Raises NotFound."""
    topic = catalogue.read_topic(topic_id)
    if topic is None:
        raise NotFound("there is no such topic", code="topic_not_found")
    return topic


def list_topics(*, after: str | None, limit: int, catalogue: Catalogue) -> tuple[list[Topic], str | None]:
    """A page of topics, and the id to go on after."""
    found = catalogue.topics(after=after, limit=limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else None
