"""The subscribers of a topic: lists and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from fanfare.aws.dynamodb import GET_LIMIT, DynamoTable
from fanfare.data_classes import dataclass
from fanfare.domain.audience import Answer, Subscription
from fanfare.store.audience.subscriptions.consents import consents_sk, nos_of, standing_no
from fanfare.store.audience.subscriptions.rows import read_subscription, subscription_sk, topic_pk
from fanfare.store.audience.subscriptions.store import Subscriptions

COUNTED: Final = 100_000  # per channel: above, a count is not exact
LOOK_AT: Final = 300_000  # rows read for the counts of a topic: about 25 MB

Position = tuple[str, int, str]  # state, shard, place in it


@dataclass(frozen=True)
class TopicCount:
    """The number of yeses on a channel. If it is not `exact`, there are at least that many."""

    subscribed: int
    exact: bool


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    table: DynamoTable
    subscriptions: Subscriptions

    def of_topic(
        self,
        topic: str,
        shards: int,
        *,
        channel: str | None,
        states: Sequence[Answer],
        after: Position | None,
    ) -> Iterator[tuple[Position, Subscription]]:
        """Yeses, then nos, each with its position, read lazily. The nos are eventually consistent."""
        order = [(state, shard) for state in Answer for shard in range(shards) if state in states]
        for state, shard in order:
            place = None
            if after is not None:
                if (list(Answer).index(state), shard) < (list(Answer).index(Answer(after[0])), after[1]):
                    continue
                place = after[2] if (state, shard) == (after[0], after[1]) else None
            found = self._yeses if state is Answer.YES else self._nos
            for each, subscription in found(topic, shard, channel, place):
                yield (state, shard, each), subscription

    def _yeses(
        self, topic: str, shard: int, channel: str | None, after: str | None
    ) -> Iterator[tuple[str, Subscription]]:
        more = True
        while more:
            rows, more = self.subscriptions.in_shard(topic, shard, after=after, limit=GET_LIMIT)
            keys = {
                place: (f"user#{user_id}", subscription_sk(topic, each))
                for place, user_id, each in rows
                if channel in (None, each)
            }
            items = self.table.get_many(keys.values())
            yield from ((place, read_subscription(items[key])) for place, key in keys.items() if key in items)
            after = rows[-1][0] if rows else after

    def _nos(
        self, topic: str, shard: int, channel: str | None, after: str | None
    ) -> Iterator[tuple[str, Subscription]]:
        rows = (item["place"] for item in self.table.walk("listed", nos_of(topic, shard), after=after, page=GET_LIMIT))
        while places := list(islice(rows, GET_LIMIT // 2)):
            keys = {}
            for place in places:
                user_id, each = place.split("#")
                if channel in (None, each):
                    pk = f"user#{user_id}"
                    keys[place] = ((pk, consents_sk(topic, each)), (pk, subscription_sk(topic, each)))
            items = self.table.get_many(key for both in keys.values() for key in both)
            for place, (no, yes) in keys.items():
                if no in items and yes not in items:  # a no stays stored after a new yes
                    yield place, standing_no(items[no])

    def counts(self, topic: str, shards: int, channels: Sequence[str]) -> dict[str, TopicCount]:
        """Channel → number of yeses, reachable or not; eventually consistent."""
        counted: Counter[str] = Counter(dict.fromkeys(channels, 0))
        rows = self._channels(topic, shards)
        read = 0
        for read, channel in enumerate(rows, 1):
            counted[channel] += 1
            if read == LOOK_AT or (counted[channel] > COUNTED and min(counted.values()) > COUNTED):
                break
        complete = read < LOOK_AT and next(rows, None) is None
        return {
            channel: TopicCount(min(number, COUNTED), exact=complete and number <= COUNTED)
            for channel, number in counted.items()
        }

    def _channels(self, topic: str, shards: int) -> Iterator[str]:
        for shard in range(shards):
            for item in self.table.query(topic_pk(topic, shard), names=["sk"], consistent=False):
                yield item["sk"].rpartition("#")[2]
