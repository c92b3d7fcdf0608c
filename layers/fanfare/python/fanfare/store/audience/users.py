"""Users: profiles, look-up by address, and counters of rate limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.domain.audience import User
from fanfare.errors import ConditionFailed
from fanfare.store.audience.directory import Digest
from fanfare.store.audience.profiles import (
    identities,
    pack_writes,
    read_suppressions,
    without_none,
    write_profile,
)
from fanfare.store.audience.subscriptions.rows import GIVEN, PRESENT

Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]
# None: leave the user as they are
MaybeChange = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


class Users:
    """`digest` makes the keys of the directory; None in functions that add no addresses and devices."""

    def __init__(self, table: DynamoTable, *, digest: Digest | None = None) -> None:
        self.table = table
        self.digest = digest

    def get(self, user_id: str) -> User | None:
        """The user, strongly consistent. None also if an erasure has begun."""
        user = read_user(self.table, user_id)
        return None if user is None or user.erasing else user

    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        """The users that exist, strongly consistent, 100 per call."""
        return users_in(self.table.get_many((f"user#{user_id}", "user") for user_id in user_ids))

    def at_address(self, channel: str, address: str) -> list[str]:
        """Ids of the users with an address; strongly consistent."""
        rows = self.table.query(f"address#{channel}", KeyRange(prefix=f"{address}#"), names=["sk"])
        return [row["sk"].removeprefix(f"{address}#") for row in rows]

    def put(self, user_id: str, profile: Mapping[str, Any]) -> User:
        """Create a user or replace the profile. Counters of limits are kept."""
        return self.change(user_id, lambda _: profile)

    def put_many(self, profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, User]:
        """`put` for many users, in few transactions. After a failure, each user is stored completely or not; repeat."""
        return self.change_many({user_id: _replacing(profile) for user_id, profile in profiles.items()})

    def change_many(self, changes: Mapping[str, MaybeChange]) -> dict[str, User]:
        """`change` for many users, in few transactions. The users that were stored.

        After a failure, each user is stored completely or not; repeat.
        """
        before = read_users(self.table, changes)
        found = {user_id: change(_profile(before.get(user_id))) for user_id, change in changes.items()}
        profiles = {user_id: without_none(profile) for user_id, profile in found.items() if profile is not None}
        suppressions = read_suppressions(self.table, profiles.values())
        writes = {
            user_id: write_profile(self.table, user_id, profile, before.get(user_id), suppressions, self.digest)
            for user_id, profile in profiles.items()
        }
        stored: dict[str, User] = {}
        for chunk in pack_writes(writes):
            together = Transaction()
            for user_id in chunk:
                together.add(writes[user_id].transaction)
            try:
                together.run()
            except ConditionFailed:  # one of them changed meanwhile: write each separately
                again = {user_id: _change_if(self, user_id, changes[user_id]) for user_id in chunk}
                stored |= {user_id: user for user_id, user in again.items() if user is not None}
            else:
                stored |= {user_id: writes[user_id].after for user_id in chunk}
        return stored

    def change(self, user_id: str, change: Change) -> User:
        """Replace the profile by `change(profile)`; a new user starts with {}. Concurrent changes are not lost."""
        return until_settled(
            lambda: self.changed(user_id, read_user(self.table, user_id), change), sleep=self.table.sleep
        )

    def change_known(self, user_id: str, change: Change) -> User | None:
        """Like `change`, but never creates: None if the user does not exist or was just erased."""

        def attempt() -> User | None:
            before = self.get(user_id)
            return self.changed(user_id, before, change) if before else None

        return until_settled(attempt, sleep=self.table.sleep)

    def signed_up(self, channel: str, profile: Mapping[str, Any], *, new: str, forget: int) -> str:
        """The id of the user who signed up with the address of this profile; if there is none, creates the user `new`.

        Others who have the address are other people: a mailbox may be shared. Concurrent requests get the same user.
        `forget`: TTL in epoch seconds.
        """
        address = identities(profile)[channel]

        def attempt() -> str:
            last = self.table.get(f"address#{channel}", address)
            known = self.get_many(self.at_address(channel, address))
            if mine := [user.id for user in known.values() if user.signed_up]:
                return min(mine)
            suppressions = read_suppressions(self.table, [profile])
            write = write_profile(self.table, new, profile, None, suppressions, self.digest, signed_up=True)
            # no user signed up with the address since the read
            write.transaction.update(
                self.table,
                (f"address#{channel}", address),
                "SET user_id = :new, #ttl = :forget",
                condition="user_id = :last" if last else "attribute_not_exists(pk)",
                values={":new": new, ":forget": forget} | ({":last": last["user_id"]} if last else {}),
                names={"#ttl": "ttl"},
            ).run()
            return new

        return until_settled(attempt, sleep=self.table.sleep)

    def opt_out(self, user_id: str, opted_out: bool) -> bool:
        """Set whether the user has opted out of all messages. False if the user does not exist."""
        try:
            self.table.update(
                f"user#{user_id}",
                "user",
                "SET opted_out = :opted_out, rev = rev + :one",
                condition=PRESENT,
                values={":opted_out": opted_out, ":one": 1},
            )
        except ConditionFailed:
            return False
        return True

    def forget_devices(self, user_id: str, gone: Iterable[tuple[str, str]]) -> None:
        """Remove push devices that no longer exist at the provider."""
        dead = set(gone)

        def without(profile: Mapping[str, Any]) -> dict[str, Any]:
            kept = [each for each in profile.get("push") or () if (each["platform"], each["token"]) not in dead]
            return {**profile, "push": kept or None}

        self.change_known(user_id, without)

    def charge(self, transaction: Transaction, user: User, limits: Mapping[str, Any]) -> None:
        """Store new counters of a user's limits, as a part of a transaction that `charge_of` names."""
        transaction.update(
            self.table,
            (f"user#{user.id}", "user"),
            "SET limits = :limits, rev = rev + :one",
            # The counters have not changed since the read. The profile may have: its owner could hold up pages.
            # Maps are compared by value: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Condition.html
            condition="limits = :read AND attribute_not_exists(erasing)",
            values={":limits": dict(limits), ":one": 1, ":read": dict(user.limits)},
            name=charge_of(user.id),
        )

    def copy_suppression(self, user_id: str, channel: str, address: str, cause: str | None) -> None:
        """Copy a suppression (None: its removal) to the user, if they still have the address."""

        def attempt() -> None:
            user = self.get(user_id)
            if user is None or identities(user.profile).get(channel) != address:
                return
            others = {name: why for name, why in user.suppressed.items() if name != channel}
            self.table.update(
                f"user#{user_id}",
                "user",
                "SET suppressed = :suppressed, rev = :next",
                condition="rev = :read",
                values={
                    ":suppressed": others | ({channel: cause} if cause else {}),
                    ":next": user.rev + 1,
                    ":read": user.rev,
                },
            )

        until_settled(attempt, sleep=self.table.sleep)

    def changed(self, user_id: str, before: User | None, change: Change) -> User:
        """The changed user. Raises ConditionFailed if the user has changed since the read."""
        profile = without_none(change(_profile(before)))
        write = write_profile(
            self.table, user_id, profile, before, read_suppressions(self.table, [profile]), self.digest
        )
        write.transaction.run()
        return write.after


def _change_if(users: Users, user_id: str, change: MaybeChange) -> User | None:
    def attempt() -> User | None:
        before = read_user(users.table, user_id)
        profile = change(_profile(before))
        return None if profile is None else users.changed(user_id, before, lambda _: profile)

    return until_settled(attempt, sleep=users.table.sleep)


def _replacing(profile: Mapping[str, Any]) -> MaybeChange:
    return lambda _: profile


def _profile(user: User | None) -> Mapping[str, Any]:
    return user.profile if user else {}


def charge_of(user_id: str) -> str:
    """The name of the part of a transaction that charges a user."""
    return f"charge of {user_id}"


def _user(item: Item) -> User:
    return User(
        id=item["pk"].removeprefix("user#"),
        profile=item.get("profile", {}),
        limits=item.get("limits", {}),
        suppressed=item.get("suppressed", {}),
        checked=item.get("checked", {}),
        readdressed=item.get("readdressed", {}),
        found_by=item.get("found_by", {}),
        indexed="listed" in item,
        endpoints=item.get("endpoints", {}),
        opted_out=item.get("opted_out", False),
        preferences=item.get("preferences", {}),
        erasing=item.get("erasing", False),
        rev=item.get("rev", 0),
        generation=item.get("generation", ""),
        signed_up=item.get("signed_up", False),
        secret_no=int(item.get("secret_no", 0)),
        secret_at=item.get("secret_at"),
    )


def read_user(table: DynamoTable, user_id: str) -> User | None:
    """The user, even if an erasure has begun."""
    item = table.get(f"user#{user_id}", "user")
    return _user(item) if item else None


def read_users(table: DynamoTable, user_ids: Iterable[str]) -> dict[str, User]:
    """The users, even if an erasure has begun."""
    found = table.get_many([(f"user#{user_id}", "user") for user_id in user_ids])
    return {user.id: user for user in map(_user, found.values())}


def check_present(transaction: Transaction, table: DynamoTable, user_id: str) -> None:
    """Require that the user exists and is not being erased, as a part of a transaction."""
    transaction.check(table, (f"user#{user_id}", "user"), PRESENT)


def users_in(found: Mapping[tuple[str, str], Item]) -> dict[str, User]:
    """The users among these items, without those whose erasure has begun."""
    users = [_user(item) for (_, sk), item in found.items() if sk == "user"]
    return {user.id: user for user in users if not user.erasing}


def claim_preferences(table: DynamoTable, user_id: str, before: Mapping[str, Any], **chosen: Any) -> None:
    """Store ceilings and the hour of digests, and count the replacement of all choices.

    Raises ConditionFailed if another one was stored since the read.
    """
    kept = {name: value for name, value in chosen.items() if value}
    values = {":after": {**kept, "no": int(before.get("no", 0)) + 1}, ":one": 1}
    table.update(
        f"user#{user_id}",
        "user",
        "SET preferences = :after, rev = rev + :one",
        condition=f"{PRESENT} AND {'preferences = :read' if before else 'attribute_not_exists(preferences)'}",
        values=values | ({":read": dict(before)} if before else {}),
    )


def begin_erasure(table: DynamoTable, user_id: str) -> User | None:
    """Have everybody else find the user erased, and no more rows written. The user as stored; None if unknown."""

    def attempt() -> User | None:
        user = read_user(table, user_id)
        if user is None:
            return None
        transaction = Transaction().update(
            table,
            (f"user#{user_id}", "user"),
            "SET erasing = :true, rev = rev + :one",
            condition="rev = :read",
            values={":true": True, ":one": 1, ":read": user.rev},
        )
        transaction.delete(table, (f"user#{user_id}", GIVEN)).run()
        return user

    return until_settled(attempt, sleep=table.sleep)
