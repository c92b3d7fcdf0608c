"""Topics: the subjects of messages, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.catalogue import AllowedSenders, Topic
from fanfare.domain.digests.gathering import Frequency
from fanfare.errors import ConditionFailed, Conflict, Invalid, NotFound, Unavailable
from fanfare.management.users import check_id
from fanfare.pagination import take
from fanfare.schemas.topics import PutTopicRequest
from fanfare.store.audience import Audience
from fanfare.store.catalogue import Catalogue
from fanfare.templates.body import offers

if TYPE_CHECKING:
    from fanfare.templates.renderer import Renderer

NOT_COVERED: Final = (
    "The deployment has not verified this address. Use its sender's, or one in its `sender_domain` if that is set."
)
SEEN: Final = ("items", "count", "key", "first_at")  # by the template of a digest
ENDED_AT_ONCE: Final = 2_500  # about ten seconds


@dataclass(frozen=True, kw_only=True)
class ManageTopics:
    catalogue: Catalogue
    audience: Audience
    clock: Clock
    senders: AllowedSenders
    renderer: Renderer

    def put(self, topic_id: str, request: PutTopicRequest) -> tuple[Topic, bool]:
        """The stored topic, and whether it was created. Raises Conflict if its shards would change.

        A topic that is made again has no yes of before: Unavailable is raised while one is left.
        """
        check_id(topic_id, request.id)
        sender = request.sender.stored() if request.sender else None
        digest = request.digest.stored() if request.digest else None
        self._check(sender or {}, digest, request.channels)
        now = to_text(self.clock())
        before, shards = self.catalogue.read_shards(topic_id)
        if before is None and shards is not None:
            self._end(topic_id, shards)
        topic = Topic(
            id=topic_id,
            title=request.title,
            description=request.description or "",
            titles=request.titles or {},
            descriptions=request.descriptions or {},
            channels=request.channels,
            required=bool(request.required),
            category=request.category or "general",
            limit=request.limit.model_dump() if request.limit else None,
            public=bool(request.public),
            sms_smart=bool(request.sms_smart),
            footer=request.footer is not False,
            sender=sender,
            digest=digest,
            **_frequencies(request),
            shards=request.shards or shards or 1,
            created_at=before.created_at if before else now,
            updated_at=now,
        )
        try:
            self.catalogue.put_topic(topic)
        except ConditionFailed as failed:
            detail = "The shards of a topic can't change: its subscriptions are stored in them."
            raise Conflict(detail, code="shards_are_fixed") from failed
        return topic, before is None

    def _check(self, sender: Mapping[str, Any], digest: Mapping[str, Any] | None, channels: Sequence[str]) -> None:
        """Raises Invalid if the sender is not covered, or the template can't make a digest on any of the channels."""
        address = sender.get("address")
        if address is not None and not self.senders.covers(address):
            raise Invalid.field("/sender/address", "sender_not_allowed", NOT_COVERED)
        if digest is not None:
            self._check_digest(digest["template"]["id"], channels)

    def _check_digest(self, template_id: str, channels: Sequence[str]) -> None:
        """Raises Invalid if the template can't make a digest on any of these channels."""
        head = self.catalogue.template_head(template_id)
        if head is None or head.hidden:
            raise Invalid.field("/digest/template", "unknown_template", "No such template.")
        if not any(offers(head.body, channel) for channel in channels):
            detail = f"No content for any of the channels {', '.join(channels)}."
            raise Invalid.field("/digest/template", "no_content", detail)
        if missing := [name for name in SEEN if name not in (head.body.get("example") or {})]:
            detail = f"The template's example has no {', '.join(missing)}. A digest gives it {', '.join(SEEN)}."
            raise Invalid.field("/digest/template", "digest_example", detail)
        self.renderer.check(head.body)

    def get(self, topic_id: str) -> Topic:
        """The topic as it is now. Raises NotFound."""
        return find_topic(topic_id, self.catalogue)

    def page(self, *, after: str | None, limit: int) -> tuple[list[Topic], str | None]:
        """A page of topics, and the id to continue after."""
        return take(self.catalogue.topics(after=after, limit=limit + 1), limit, lambda topic: topic.id)

    def delete(self, topic_id: str) -> None:
        """Delete the topic, and end its yeses. Idempotent. Raises Unavailable if one call can't end them all."""
        self.catalogue.delete_topic(topic_id)
        _, shards = self.catalogue.read_shards(topic_id)
        if shards is not None:
            self._end(topic_id, shards)

    def _end(self, topic_id: str, shards: int) -> None:
        if not self.audience.ended_topics.end(topic_id, shards, limit=ENDED_AT_ONCE):
            raise Unavailable(
                f"Deletion is not complete; one call ends {ENDED_AT_ONCE:,} subscriptions. Repeat the request.",
                code="deletion_unfinished",
            )


def _frequencies(request: PutTopicRequest) -> dict[str, Any]:
    """What readers can choose, and what holds for the others."""
    if request.digest is None:
        return {}
    offered = request.frequencies or (request.frequency or Frequency.DIGEST,)
    return {"frequencies": tuple(dict.fromkeys(offered)), "frequency": request.frequency or offered[0]}


def find_topic(topic_id: str, catalogue: Catalogue) -> Topic:
    """The topic as it is now. Raises NotFound."""
    topic = catalogue.read_topic(topic_id)
    if topic is None:
        raise NotFound("No such topic.", code="topic_not_found")
    return topic
