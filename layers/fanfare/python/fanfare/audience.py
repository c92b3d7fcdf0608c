"""The audience: users, their subscriptions, and how much of each limit a user has used.

    pk                   sk                            what
    user#<id>            user                          profile (a map) and limits (a map); `rev` counts its writes
    user#<id>            subscription#<topic>#<chan>   a user's yes, as the user sees it
    topic#<topic>#<k>    <user>#<channel>              the same yes, as the fan-out reads it, in shard k of the topic
    removals#<topic>#<k> removals                      how many yeses were ever taken back in the shard

Both rows of a subscription are written in one transaction. Taking one back also counts up the
shard's removals, and the fan-out commits a page only where that number is still the one it read
before the page: so an unsubscribe holds for every page committed after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import ConditionFailed
from .ids import shard_of
from .items import Item, Table, transact


@dataclass(frozen=True, kw_only=True)
class User:
    """A person who receives. `profile` is what the API shows; `limits` is what the fan-out counts.

    `suppressed` says, by channel, why the user's present address must not be written to.
    """

    id: str
    profile: Mapping[str, Any]
    limits: Mapping[str, Any] = field(default_factory=dict)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    opted_out: bool = False
    rev: int = 0


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A user's yes to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: str


class Audience:
    def __init__(self, table: Table) -> None:
        self.table = table

    # Users

    def user(self, user_id: str) -> User | None:
        """The user, strongly consistent."""
        item = self.table.get(f"user#{user_id}", "user")
        return _user(item) if item else None

    def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """The users that exist, strongly consistent, 100 a call."""
        found = self.table.get_many([(f"user#{user_id}", "user") for user_id in user_ids])
        return {user.id: user for user in map(_user, found.values())}

    def put_user(self, user_id: str, profile: Mapping[str, Any]) -> User:
        """Create a user or replace the profile; what they have used of their limits stays."""
        item = self.table.update(
            f"user#{user_id}",
            "user",
            "SET profile = :profile, rev = if_not_exists(rev, :zero) + :one, limits = if_not_exists(limits, :none)",
            values={":profile": _without_none(profile), ":zero": 0, ":one": 1, ":none": {}},
        )
        return _user(item)

    def delete_user(self, user_id: str) -> None:
        """Erase the profile and every subscription; a repeat changes nothing."""
        self.table.delete(f"user#{user_id}", "user")
        for subscription in list(self.subscriptions(user_id)):
            self.unsubscribe(user_id, subscription.topic, subscription.channel)

    def charging(self, user: User, limits: Mapping[str, Any]) -> dict[str, Any]:
        """Count a delivery against a user's limits, as part of a page's transaction."""
        return self.table.updating(
            f"user#{user.id}",
            "user",
            "SET limits = :limits, rev = :next",
            # nothing has been counted against the user, or changed in the profile, since it was read
            condition="rev = :read",
            values={":limits": dict(limits), ":next": user.rev + 1, ":read": user.rev},
        )

    # Subscriptions

    def subscribe(self, subscription: Subscription, *, shards: int) -> None:
        """Store the yes; a repeat changes nothing but its date."""
        transact(self.table.client, self._subscribing(subscription, shards))

    def subscribe_many(self, subscriptions: Sequence[Subscription], *, shards: int) -> None:
        """Store many, 50 a transaction. A failure leaves whole transactions done and can be repeated."""
        distinct = list({(s.user_id, s.topic, s.channel): s for s in subscriptions}.values())
        for start in range(0, len(distinct), 50):
            parts = [part for each in distinct[start : start + 50] for part in self._subscribing(each, shards)]
            transact(self.table.client, parts)

    def unsubscribe(self, user_id: str, topic: str, channel: str) -> bool:
        """Take the yes back, for every page of a fan-out committed after this; False where there was none.

        The shard is read from the user's row, so it works when the topic is gone.
        """
        while True:
            item = self.table.get(f"user#{user_id}", _subscription_sk(topic, channel))
            if item is None:
                return False
            shard = item["shard"]
            try:
                transact(
                    self.table.client,
                    [
                        self.table.deleting(
                            f"user#{user_id}",
                            _subscription_sk(topic, channel),
                            # it is still the one that was read
                            condition="created_at = :read",
                            values={":read": item["created_at"]},
                        ),
                        self.table.deleting(_topic_pk(topic, shard), f"{user_id}#{channel}"),
                        self.table.updating(
                            f"removals#{topic}#{shard}", "removals", "ADD removals :one", values={":one": 1}
                        ),
                    ],
                )
            except ConditionFailed:
                continue
            return True

    def subscriptions(self, user_id: str, *, after: tuple[str, str] | None = None) -> Iterator[Subscription]:
        """A user's subscriptions in the order of topic and channel."""
        position = _subscription_sk(*after) if after else None
        for item in self.table.query(f"user#{user_id}", prefix="subscription#", after=position):
            yield _subscription(item)

    def subscription(self, user_id: str, topic: str, channel: str) -> Subscription | None:
        """A user's subscription, strongly consistent."""
        item = self.table.get(f"user#{user_id}", _subscription_sk(topic, channel))
        return _subscription(item) if item else None

    def subscribed(self, topic: str, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the (user, channel) pairs that are subscribed to the topic; strongly consistent."""
        keys = {(f"user#{user}", _subscription_sk(topic, channel)): (user, channel) for user, channel in pairs}
        return {keys[key] for key in self.table.get_many(keys)}

    # The fan-out's side

    def subscribers(
        self, topic: str, shard: int, *, after: str | None, limit: int
    ) -> tuple[list[tuple[str, str, str]], bool]:
        """Up to `limit` rows of a topic's shard as (position, user id, channel), and whether there are more."""
        rows = [
            (item["sk"], *item["sk"].split("#"))
            for item in self.table.query(_topic_pk(topic, shard), after=after, limit=limit, names=["sk"])
        ]
        return rows, len(rows) == limit

    def removals(self, topic: str, shard: int) -> int:
        """How many subscriptions of the shard were ever taken back."""
        item = self.table.get(f"removals#{topic}#{shard}", "removals")
        return int(item["removals"]) if item else 0

    def checking_removals(self, topic: str, shard: int, read: int) -> dict[str, Any]:
        """That nobody has unsubscribed since `read`, as part of a page's transaction."""
        if read == 0:
            return self.table.checking(f"removals#{topic}#{shard}", "removals", "attribute_not_exists(pk)")
        return self.table.checking(f"removals#{topic}#{shard}", "removals", "removals = :read", values={":read": read})

    def _subscribing(self, subscription: Subscription, shards: int) -> list[dict[str, Any]]:
        shard = shard_of(subscription.user_id, shards)
        user, topic, channel = subscription.user_id, subscription.topic, subscription.channel
        return [
            self.table.putting(
                {
                    "pk": f"user#{user}",
                    "sk": _subscription_sk(topic, channel),
                    "shard": shard,
                    "created_at": subscription.created_at,
                }
            ),
            self.table.putting({"pk": _topic_pk(topic, shard), "sk": f"{user}#{channel}"}),
        ]


def _subscription(item: Item) -> Subscription:
    _, topic, channel = item["sk"].split("#")
    user_id = item["pk"].removeprefix("user#")
    return Subscription(user_id=user_id, topic=topic, channel=channel, created_at=item["created_at"])


def _topic_pk(topic: str, shard: int) -> str:
    return f"topic#{topic}#{shard}"


def _subscription_sk(topic: str, channel: str) -> str:
    return f"subscription#{topic}#{channel}"


def _without_none(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if value is not None}


def _user(item: Item) -> User:
    return User(
        id=item["pk"].removeprefix("user#"),
        profile=item.get("profile", {}),
        limits=item.get("limits", {}),
        suppressed=item.get("suppressed", {}),
        opted_out=item.get("opted_out", False),
        rev=item.get("rev", 0),
    )
