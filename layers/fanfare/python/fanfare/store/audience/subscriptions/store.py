"""Subscriptions, by user and, for the fan-out, by topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fanfare.aws.codec import KeyRange
from fanfare.aws.transactions import Transaction
from fanfare.domain.audience import Subscription
from fanfare.store.audience.subscriptions.answers import Answers
from fanfare.store.audience.subscriptions.rows import read_subscription, removals_pk, subscription_sk, topic_pk


class Subscriptions(Answers):
    """Reads, in addition to the changes of `Answers`."""

    def of_user(self, user_id: str, *, after: tuple[str, str] | None = None) -> Iterator[Subscription]:
        """A user's subscriptions by topic and channel."""
        position = subscription_sk(*after) if after else None
        for item in self.table.query(f"user#{user_id}", KeyRange(prefix="subscription#", after=position)):
            yield read_subscription(item)

    def get(self, user_id: str, topic: str, channel: str) -> Subscription | None:
        """A user's subscription, strongly consistent."""
        item = self.table.get(f"user#{user_id}", subscription_sk(topic, channel))
        return read_subscription(item) if item else None

    def among(self, topic: str, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """The (user, channel) pairs that are subscribed to the topic; strongly consistent."""
        keys = {(f"user#{user}", subscription_sk(topic, channel)): (user, channel) for user, channel in pairs}
        return {keys[key] for key in self.table.get_many(keys)}

    # For the fan-out

    def in_shard(
        self, topic: str, shard: int, *, after: str | None, limit: int
    ) -> tuple[list[tuple[str, str, str]], bool]:
        """Up to `limit` rows of a topic's shard as (position, user id, channel), and whether there are more."""
        rows, more = self.with_frequencies(topic, shard, after=after, limit=limit)
        return [row[:3] for row in rows], more

    def with_frequencies(
        self, topic: str, shard: int, *, after: str | None, limit: int
    ) -> tuple[list[tuple[str, str, str, str | None]], bool]:
        """The same, with the chosen frequencies."""
        found = self.table.query(topic_pk(topic, shard), KeyRange(after=after), limit=limit, names=["sk", "frequency"])
        rows = [(item["sk"], *item["sk"].split("#"), item.get("frequency")) for item in found]
        return rows, len(rows) == limit

    def count(self, topic: str, shard: int, *, most: int) -> int:
        """The number of rows in a topic's shard, counted up to about `most`; eventually consistent."""
        return self.table.count(topic_pk(topic, shard), most=most)

    def removals(self, topic: str, shard: int) -> int:
        """The number of subscriptions ever removed from the shard."""
        item = self.table.get(removals_pk(topic, shard), "removals")
        return int(item["removals"]) if item else 0

    def check_yes(self, transaction: Transaction, user_id: str, topic: str, channel: str) -> None:
        """Require that the user is subscribed, as part of a transaction."""
        transaction.check(self.table, (f"user#{user_id}", subscription_sk(topic, channel)), "attribute_exists(pk)")

    def check_removals(self, transaction: Transaction, topic: str, shard: int, read: int, *, name: str) -> None:
        """Require that no user has unsubscribed since `read`, as part of a page's transaction."""
        condition, values = ("removals = :read", {":read": read}) if read else ("attribute_not_exists(pk)", None)
        transaction.check(self.table, (removals_pk(topic, shard), "removals"), condition, values=values, name=name)
