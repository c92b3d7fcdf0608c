"""The audience table: users, their subscriptions, limits in use, and suppressed addresses.

    pk                   sk                            what
    user#<id>            user                          profile, validated addresses, and counters of limits; `rev`
                                                       counts the writes
    user#<id>            subscription#<topic>#<chan>   a subscription, as the user lists it
    topic#<topic>#<k>    <user>#<channel>              the same subscription, as the fan-out reads it, in shard k
    removals#<topic>#<k> removals                      number of subscriptions ever removed from the shard
    address#<chan>       <address>#<user id>           the user who has this address
    address#<chan>       <address>                     the user made last for a new address; removed by TTL
    suppression#<chan>   <address>                     an address that must not be used, and why
    bounces#<chan>       <address>                     messages that bounced softly, and when; removed by TTL

Both rows of a subscription are written in one transaction. Taking one back also counts up the
shard's removals, and the fan-out commits a page only where that number is still the one it read
before the page: so an unsubscribe holds for every page committed after it.

A suppression belongs to an address, and is copied to the users who have it: so the fan-out finds it
with the user. The copy is never missed: a user is written only where the suppressions of the
addresses are still those that were read, and a suppression is stored before its users are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from fanfare.aws.dynamodb import TRANSACTION_LIMIT, DynamoTable, Item, transact
from fanfare.channels import CHANNELS
from fanfare.domain.audience import Subscription, Suppression, User
from fanfare.errors import ConditionFailed
from fanfare.ids import shard_of


class Audience:
    def __init__(self, table: DynamoTable) -> None:
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
        return self.put_users({user_id: profile})[user_id]

    def put_users(self, profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, User]:
        """The same for many, as many a transaction as fit. A failure leaves whole users done, and can be repeated."""
        left = {user_id: _without_none(profile) for user_id, profile in profiles.items()}
        stored: dict[str, User] = {}
        while left:
            before = self.users(left)
            suppressions = self._suppressions(left.values())
            writes = {
                user_id: self._writing(user_id, profile, before.get(user_id), suppressions)
                for user_id, profile in left.items()
            }
            for chunk in _packed(writes):
                try:
                    transact(self.table.client, [part for user_id in chunk for part in writes[user_id][1]])
                except ConditionFailed:
                    if len(chunk) == 1 and len(left) == 1:
                        continue  # read again, try again
                    for user_id in chunk:
                        stored |= self.put_users({user_id: left[user_id]})
                else:
                    stored |= {user_id: writes[user_id][0] for user_id in chunk}
            left = {user_id: profile for user_id, profile in left.items() if user_id not in stored}
        return stored

    def change_user(self, user_id: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> User:
        """Replace the profile by what `change` makes of it, of an empty one for a new user; nobody's change is lost."""
        while True:
            if after := self._changed(user_id, self.user(user_id), change):
                return after

    def change_known_user(self, user_id: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> User | None:
        """The same, save that there is no new one: None for who was erased, be it a moment ago."""
        while before := self.user(user_id):
            if after := self._changed(user_id, before, change):
                return after
        return None

    def _changed(
        self, user_id: str, before: User | None, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> User | None:
        """The user as changed; None where somebody else did since it was read."""
        profile = _without_none(change(before.profile if before else {}))
        after, parts = self._writing(user_id, profile, before, self._suppressions([profile]))
        try:
            transact(self.table.client, parts)
        except ConditionFailed:
            return None
        return after

    def _suppressions(self, profiles: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
        """Channel and address → cause, for those of the profiles' addresses that are suppressed."""
        wanted = [pair for profile in profiles for pair in _identities(profile).items()]
        found = self.table.get_many([(f"suppression#{channel}", address) for channel, address in wanted])
        return {(pk.partition("#")[2], address): item["cause"] for (pk, address), item in found.items()}

    def _writing(
        self,
        user_id: str,
        profile: Mapping[str, Any],
        before: User | None,
        suppressions: Mapping[tuple[str, str], str],
    ) -> tuple[User, list[dict[str, Any]]]:
        """The user as it will be, and the transaction's parts that make it so."""
        identities = _identities(profile)
        old = _identities(before.profile) if before else {}
        gone = {channel: address for channel, address in old.items() if identities.get(channel) != address}
        addresses_before = before.readdressed if before else {}
        after = User(
            id=user_id,
            profile=profile,
            limits=before.limits if before else {},
            suppressed={
                channel: suppressions[channel, address]
                for channel, address in identities.items()
                if (channel, address) in suppressions
            },
            checked=_checked(profile, identities),
            readdressed={**addresses_before, **{each: addresses_before.get(each, 0) + 1 for each in gone}},
            opted_out=before.opted_out if before else False,
            rev=(before.rev if before else 0) + 1,
        )
        parts = [
            self.table.updating(
                f"user#{user_id}",
                "user",
                "SET profile = :profile, checked = :checked, suppressed = :suppressed, rev = :next,"
                + (" readdressed = :readdressed," if after.readdressed else "")
                + " limits = if_not_exists(limits, :none)",
                # nothing of the user has changed since it was read
                condition="rev = :read" if before and before.rev else "attribute_not_exists(rev)",
                values={":profile": profile, ":checked": after.checked, ":suppressed": after.suppressed}
                | {":next": after.rev, ":none": {}}
                | ({":readdressed": after.readdressed} if after.readdressed else {})
                | ({":read": before.rev} if before and before.rev else {}),
            )
        ]
        for channel, address in gone.items():
            parts.append(self.table.deleting(f"address#{channel}", f"{address}#{user_id}"))
        for channel, address in identities.items():
            if old.get(channel) != address:
                parts.append(self.table.putting({"pk": f"address#{channel}", "sk": f"{address}#{user_id}"}))
            # the address is suppressed, or not, as it was when it was read
            condition = "attribute_exists(pk)" if channel in after.suppressed else "attribute_not_exists(pk)"
            parts.append(self.table.checking(f"suppression#{channel}", address, condition))
        return after, parts

    def users_at(self, channel: str, address: str) -> list[str]:
        """The ids of the users who have an address; strongly consistent."""
        rows = self.table.query(f"address#{channel}", prefix=f"{address}#", names=["sk"])
        return [row["sk"].removeprefix(f"{address}#") for row in rows]

    def who_has(self, channel: str, profile: Mapping[str, Any], *, new: str, forget: int) -> str:
        """The user who has the address of this profile; the user `new`, created with it, where nobody has.

        One user, however many ask at once. `forget` is epoch seconds.
        """
        address = _identities(profile)[channel]
        while True:
            last = self.table.get(f"address#{channel}", address)
            if known := self.users_at(channel, address):
                return min(known)
            _, parts = self._writing(new, profile, None, self._suppressions([profile]))
            with suppress(ConditionFailed):  # somebody came: read again
                transact(self.table.client, [*parts, self._coming(channel, address, last, new, forget)])
                return new

    def _coming(self, channel: str, address: str, last: Item | None, new: str, forget: int) -> dict[str, Any]:
        """That nobody came to the address since it was read that nobody has it, as part of a transaction."""
        return self.table.updating(
            f"address#{channel}",
            address,
            "SET user_id = :new, #ttl = :forget",
            condition="user_id = :last" if last else "attribute_not_exists(pk)",
            values={":new": new, ":forget": forget} | ({":last": last["user_id"]} if last else {}),
            names={"#ttl": "ttl"},
        )

    def opt_out(self, user_id: str, opted_out: bool) -> bool:
        """Take back, or give again, a user's yes to everything; False where there is no such user."""
        try:
            self.table.update(
                f"user#{user_id}",
                "user",
                "SET opted_out = :opted_out, rev = rev + :one",
                condition="attribute_exists(rev)",
                values={":opted_out": opted_out, ":one": 1},
            )
        except ConditionFailed:
            return False
        return True

    def forget_devices(self, user_id: str, gone: Iterable[tuple[str, str]]) -> None:
        """Remove push tokens that the provider knows no more."""
        dead = set(gone)

        def without(profile: Mapping[str, Any]) -> dict[str, Any]:
            kept = [each for each in profile.get("push") or () if (each["platform"], each["token"]) not in dead]
            return {**profile, "push": kept or None}

        self.change_known_user(user_id, without)

    def delete_user(self, user_id: str) -> None:
        """Erase the profile, the addresses, every subscription and whatever else is filed under the user.

        A suppression stays: it belongs to the address, and protects whoever reads there. A repeat changes nothing.
        """
        for subscription in list(self.subscriptions(user_id)):
            self.unsubscribe(user_id, subscription.topic, subscription.channel)
        user = self.user(user_id)
        identities = _identities(user.profile) if user else {}
        addresses = [
            (f"address#{channel}", row)
            for channel, address in identities.items()
            for row in (address, f"{address}#{user_id}")
        ]
        bounces = [(f"bounces#{channel}", address) for channel, address in identities.items()]
        pk = f"user#{user_id}"
        # the profile goes last, so that a repeat still knows the addresses
        rows = [(pk, row["sk"]) for row in self.table.query(pk, names=["sk"]) if row["sk"] != "user"]
        self.table.write_many([], deletes=[*addresses, *bounces, *rows])
        self.table.write_many([], deletes=[(pk, "user")])

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

    # Suppressions

    def suppress(self, channel: str, address: str, cause: str, *, at: str) -> None:
        """Never write to an address again, on this channel; a repeat keeps the first cause."""
        try:
            self.table.update(
                f"suppression#{channel}",
                address,
                "SET cause = :cause, created_at = :at",
                condition="attribute_not_exists(pk)",
                values={":cause": cause, ":at": at},
            )
        except ConditionFailed as known:
            cause = str((known.found[0] or {}).get("cause", cause))
        self._copy_to_users(channel, address, cause)

    def unsuppress(self, channel: str, address: str) -> None:
        """Let an address be written to again; a repeat changes nothing."""
        self.table.write_many([], deletes=[(f"suppression#{channel}", address), (f"bounces#{channel}", address)])
        self._copy_to_users(channel, address, None)

    def suppression(self, channel: str, address: str) -> Suppression | None:
        """Why an address must not be written to, if it must not."""
        item = self.table.get(f"suppression#{channel}", address)
        return _suppression(item) if item else None

    def suppressions(self, channel: str, *, after: str | None, limit: int) -> Iterator[Suppression]:
        """The suppressed addresses of a channel, in order."""
        return map(_suppression, self.table.query(f"suppression#{channel}", after=after, limit=limit))

    def count_soft_bounces(
        self, channel: str, address: str, message_id: str, *, at: str, since: str, forget: int
    ) -> int:
        """One more message bounced softly at an address: how many did since then. `forget` is epoch seconds.

        Each message has an attribute, so one that is told of again is the same.
        """
        item = self.table.update(
            f"bounces#{channel}",
            address,
            "SET #message = :at, #ttl = :forget",
            values={":at": at, ":forget": forget},
            names={"#message": f"message#{message_id}", "#ttl": "ttl"},
        )
        return sum(name.startswith("message#") and when >= since for name, when in item.items())

    def _copy_to_users(self, channel: str, address: str, cause: str | None) -> None:
        for user_id in self.users_at(channel, address):
            while True:
                user = self.user(user_id)
                if user is None or _identities(user.profile).get(channel) != address:
                    break
                suppressed = {name: why for name, why in user.suppressed.items() if name != channel}
                try:
                    self.table.update(
                        f"user#{user_id}",
                        "user",
                        "SET suppressed = :suppressed, rev = :next",
                        condition="rev = :read",
                        values={
                            ":suppressed": suppressed | ({channel: cause} if cause else {}),
                            ":next": user.rev + 1,
                            ":read": user.rev,
                        },
                    )
                except ConditionFailed:
                    continue
                break

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

    def count_subscribers(self, topic: str, shard: int, *, most: int) -> int:
        """How many rows a topic's shard has, not counted on beyond `most` or so; may be a moment old."""
        return self.table.count(_topic_pk(topic, shard), most=most)

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


def _identities(profile: Mapping[str, Any]) -> dict[str, str]:
    """Channel → the address by which suppressions know the user there."""
    known = {name: channel.identity(profile) for name, channel in CHANNELS.items()}
    return {name: address for name, address in known.items() if address is not None}


def _checked(profile: Mapping[str, Any], channels: Iterable[str]) -> dict[str, str]:
    """The addresses that are good, by how the profile writes them."""
    return {profile[field]: CHANNELS[name].address(profile) for name in channels if (field := CHANNELS[name].field)}


def _packed(writes: Mapping[str, tuple[User, Sequence[Any]]]) -> Iterator[list[str]]:
    """Users whose parts fit a transaction together, no item twice."""
    chunk: list[str] = []
    items: set[str] = set()
    for user_id, (_, parts) in writes.items():
        touched = {str(next(iter(part.values())).get("Key") or user_id) for part in parts}
        if chunk and (touched & items or len(items) + len(parts) > TRANSACTION_LIMIT):
            yield chunk
            chunk, items = [], set()
        chunk.append(user_id)
        items |= touched | {f"{user_id}/{place}" for place in range(len(parts) - len(touched))}
    if chunk:
        yield chunk


def _suppression(item: Item) -> Suppression:
    return Suppression(
        channel=item["pk"].partition("#")[2], address=item["sk"], cause=item["cause"], created_at=item["created_at"]
    )


def _user(item: Item) -> User:
    return User(
        id=item["pk"].removeprefix("user#"),
        profile=item.get("profile", {}),
        limits=item.get("limits", {}),
        suppressed=item.get("suppressed", {}),
        checked=item.get("checked", {}),
        readdressed=item.get("readdressed", {}),
        opted_out=item.get("opted_out", False),
        rev=item.get("rev", 0),
    )
