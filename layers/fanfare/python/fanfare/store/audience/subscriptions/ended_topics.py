"""The end of a deleted topic's yeses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fanfare.aws.transactions import Transaction
from fanfare.data_classes import dataclass
from fanfare.domain.audience import By
from fanfare.errors import ConditionFailed
from fanfare.store.audience.subscriptions.answers import no_of
from fanfare.store.audience.subscriptions.rows import count_removal, end_yes, read_standings, topic_pk
from fanfare.store.audience.subscriptions.store import Subscriptions

ENDED_TOGETHER: Final = 24  # yeses per transaction: at most four items each, and one for all


@dataclass(frozen=True, kw_only=True)
class EndedTopics:
    subscriptions: Subscriptions

    def end(self, topic: str, shards: int, *, limit: int) -> bool:
        """End up to about `limit` yeses of the topic, each with its consent. Returns whether none is left."""
        ended = 0
        for shard in range(shards):
            while True:
                rows, more = self.subscriptions.in_shard(topic, shard, after=None, limit=ENDED_TOGETHER)
                if rows and ended >= limit:
                    return False
                if rows:
                    self._end_together(topic, shard, [(user_id, channel) for _, user_id, channel in rows])
                    ended += len(rows)
                if not more:
                    break
        return True

    def _end_together(self, topic: str, shard: int, pairs: Sequence[tuple[str, str]]) -> None:
        table, at = self.subscriptions.table, self.subscriptions.clock()
        transaction, nos = Transaction(), []
        for (user_id, channel), standing in read_standings(table, topic, pairs).items():
            if standing.yes is None:  # only the row of the fan-out is left
                transaction.delete(table, (topic_pk(topic, shard), f"{user_id}#{channel}"))
                continue
            no = no_of(user_id, topic, channel, by=By.SERVICE, at=at)
            end_yes(transaction, table, standing, no, removals=False)
            nos.append(no)
        count_removal(transaction, table, topic, shard)
        try:
            transaction.run()
        except ConditionFailed:  # one of them changed meanwhile
            for user_id, channel in pairs:
                self.subscriptions.remove(user_id, topic, channel)
        else:
            self.subscriptions.tell(nos)
