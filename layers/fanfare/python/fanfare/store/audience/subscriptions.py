"""Subscriptions, by user and, for the fan-out, by topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.domain.audience import Subscription
from fanfare.ids import shard_of


class Subscriptions:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def add(self, subscription: Subscription, *, shards: int) -> None:
        """Store the subscription. A repeat changes only its date."""
        self._add([subscription], shards)

    def add_many(self, subscriptions: Sequence[Subscription], *, shards: int) -> None:
        """Store many, 50 per transaction. A failure leaves whole transactions done and can be repeated."""
        distinct = list({(s.user_id, s.topic, s.channel): s for s in subscriptions}.values())
        for start in range(0, len(distinct), TRANSACTION_LIMIT // 2):
            self._add(distinct[start : start + TRANSACTION_LIMIT // 2], shards)

    def _add(self, subscriptions: Sequence[Subscription], shards: int) -> None:
        transaction = Transaction()
        for each in subscriptions:
            shard = shard_of(each.user_id, shards)
            transaction.put(
                self.table,
                {
                    "pk": f"user#{each.user_id}",
                    "sk": _subscription_sk(each.topic, each.channel),
                    "shard": shard,
                    "created_at": each.created_at,
                },
            )
            transaction.put(self.table, {"pk": _topic_pk(each.topic, shard), "sk": f"{each.user_id}#{each.channel}"})
        transaction.run()

    def remove(self, user_id: str, topic: str, channel: str) -> bool:
        """Delete the subscription for all pages of a fan-out committed later. False if it does not exist.

        The shard is read from the user's row, so the topic need not exist.
        """

        def attempt() -> bool:
            item = self.table.get(f"user#{user_id}", _subscription_sk(topic, channel))
            if item is None:
                return False
            shard = item["shard"]
            transaction = Transaction().delete(
                self.table,
                (f"user#{user_id}", _subscription_sk(topic, channel)),
                # not replaced since the read
                condition="created_at = :read",
                values={":read": item["created_at"]},
            )
            transaction.delete(self.table, (_topic_pk(topic, shard), f"{user_id}#{channel}"))
            transaction.update(
                self.table, (_removals_pk(topic, shard), "removals"), "ADD removals :one", values={":one": 1}
            )
            transaction.run()
            return True

        return until_settled(attempt, sleep=self.table.sleep)

    def of_user(self, user_id: str, *, after: tuple[str, str] | None = None) -> Iterator[Subscription]:
        """A user's subscriptions by topic and channel."""
        position = _subscription_sk(*after) if after else None
        for item in self.table.query(f"user#{user_id}", KeyRange(prefix="subscription#", after=position)):
            yield _subscription(item)

    def get(self, user_id: str, topic: str, channel: str) -> Subscription | None:
        """A user's subscription, strongly consistent."""
        item = self.table.get(f"user#{user_id}", _subscription_sk(topic, channel))
        return _subscription(item) if item else None

    def among(self, topic: str, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """The (user, channel) pairs that are subscribed to the topic; strongly consistent."""
        keys = {(f"user#{user}", _subscription_sk(topic, channel)): (user, channel) for user, channel in pairs}
        return {keys[key] for key in self.table.get_many(keys)}

    # For the fan-out

    def in_shard(
        self, topic: str, shard: int, *, after: str | None, limit: int
    ) -> tuple[list[tuple[str, str, str]], bool]:
        """Up to `limit` rows of a topic's shard as (position, user id, channel), and whether there are more."""
        rows = [
            (item["sk"], *item["sk"].split("#"))
            for item in self.table.query(_topic_pk(topic, shard), KeyRange(after=after), limit=limit, names=["sk"])
        ]
        return rows, len(rows) == limit

    def count(self, topic: str, shard: int, *, most: int) -> int:
        """The number of rows in a topic's shard, counted up to about `most`; eventually consistent."""
        return self.table.count(_topic_pk(topic, shard), most=most)

    def removals(self, topic: str, shard: int) -> int:
        """The number of subscriptions ever removed from the shard."""
        item = self.table.get(_removals_pk(topic, shard), "removals")
        return int(item["removals"]) if item else 0

    def check_removals(self, transaction: Transaction, topic: str, shard: int, read: int, *, name: str) -> None:
        """Require that no user has unsubscribed since `read`, as part of a page's transaction."""
        condition, values = ("removals = :read", {":read": read}) if read else ("attribute_not_exists(pk)", None)
        transaction.check(self.table, (_removals_pk(topic, shard), "removals"), condition, values=values, name=name)


def _subscription(item: Item) -> Subscription:
    _, topic, channel = item["sk"].split("#")
    user_id = item["pk"].removeprefix("user#")
    return Subscription(user_id=user_id, topic=topic, channel=channel, created_at=item["created_at"])


def _topic_pk(topic: str, shard: int) -> str:
    return f"topic#{topic}#{shard}"


def _removals_pk(topic: str, shard: int) -> str:
    return f"removals#{topic}#{shard}"


def _subscription_sk(topic: str, channel: str) -> str:
    return f"subscription#{topic}#{channel}"
