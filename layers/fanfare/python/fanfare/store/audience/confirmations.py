"""Confirmations in the audience table: unconfirmed addresses and sign-ups, and counters of attempts.

    pk                        sk                 what
    user#<id>                 pending#<channel>  an address that the user has not confirmed yet; removed by TTL
    sign_up#<id>              sign_up            a subscription requested without an account; removed by TTL
    attempts#<what>#<digest>  <when>             number of attempts in the period that began then; removed by TTL

A link carries an id, never the address; the address stays here until it is confirmed, or its time is over.
Who tried is kept as a keyed digest. All of it leaves by TTL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.clock import from_text, to_text
from fanfare.errors import ConditionFailed
from fanfare.signing.keyed_hash import Keys, digest

TRIES: Final = 5  # at a code


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An address that is not used yet. `secret` is what its link names, or the digest of its code.

    Confirmed by a link, the address is None: so the same link, pressed again, still says yes.
    """

    user_id: str
    channel: str
    address: str | None
    secret: str
    until: datetime
    tries: int = 0


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """A subscription without an account. Confirmed, it knows the user, and the address no more."""

    id: str
    topic: str
    address: str | None
    user_id: str | None = None


@dataclass(frozen=True)
class Allowance:
    """At most `count` of something in `per`. The time is cut in equal parts, counted exactly in each."""

    what: str
    count: int
    per: timedelta


class Confirmations:
    def __init__(self, table: DynamoTable, *, keys: Keys) -> None:
        self.table = table
        self.keys = keys

    # Addresses of users

    def put_pending(self, pending: Pending) -> None:
        """Store the address; one that waited on the channel before is forgotten."""
        self.table.put(
            {
                "pk": f"user#{pending.user_id}",
                "sk": f"pending#{pending.channel}",
                "address": pending.address,
                "secret": pending.secret,
                "until": to_text(pending.until),
                "tries": pending.tries,
                "ttl": int(pending.until.timestamp()),
            }
        )

    def pending(self, user_id: str, channel: str, *, now: datetime) -> Pending | None:
        """What waits on the channel, or was confirmed there not long ago; None when its time is over."""
        item = self.table.get(f"user#{user_id}", f"pending#{channel}")
        found = _pending(item) if item else None
        return found if found and found.until > now else None

    def try_code(self, user_id: str, channel: str, *, now: datetime) -> Pending | None:
        """Spend a try, and return what waits; None if nothing does, or no try is left."""
        try:
            item = self.table.update(
                f"user#{user_id}",
                f"pending#{channel}",
                "SET tries = tries + :one",
                condition="attribute_exists(pk) AND #until > :now AND tries < :most",
                values={":one": 1, ":now": to_text(now), ":most": TRIES},
                names={"#until": "until"},
            )
        except ConditionFailed:
            return None
        return _pending(item)

    def confirmed(self, pending: Pending) -> None:
        """Forget the address, which is the user's by now, and keep that it was confirmed."""
        try:
            self.table.update(
                f"user#{pending.user_id}",
                f"pending#{pending.channel}",
                "REMOVE address",
                # nothing newer waits there
                condition="secret = :read",
                values={":read": pending.secret},
            )
        except ConditionFailed:
            return

    def drop_pending(self, user_id: str, channel: str) -> None:
        """Forget what waits on the channel."""
        self.table.delete(f"user#{user_id}", f"pending#{channel}")

    # Sign-ups

    def put_sign_up(self, sign_up: SignUp, *, until: datetime) -> None:
        """Store what somebody asked for."""
        self.table.put(
            {
                "pk": f"sign_up#{sign_up.id}",
                "sk": "sign_up",
                "topic": sign_up.topic,
                "address": sign_up.address,
                "ttl": int(until.timestamp()),
            }
        )

    def sign_up(self, sign_up_id: str) -> SignUp | None:
        """What was asked for."""
        item = self.table.get(f"sign_up#{sign_up_id}", "sign_up")
        if item is None:
            return None
        return SignUp(id=sign_up_id, topic=item["topic"], address=item.get("address"), user_id=item.get("user_id"))

    def followed(self, sign_up_id: str, user_id: str) -> None:
        """The sign-up is this user's, who has the address by now."""
        self.table.update(
            f"sign_up#{sign_up_id}",
            "sign_up",
            "SET user_id = :user REMOVE address",
            condition="attribute_exists(pk)",
            values={":user": user_id},
        )

    # How often

    def allows(self, allowance: Allowance, whose: str, *, now: datetime) -> bool:
        """Count a try, and say whether it is within the allowance. Exact, however many try at once."""
        seconds = int(allowance.per.total_seconds())
        begin = int(now.timestamp()) // seconds * seconds
        known = digest(whose, keys=self.keys, purpose=allowance.what)
        try:
            self.table.update(
                f"attempts#{allowance.what}#{known}",
                str(begin),
                "SET #ttl = :forget ADD attempts :one",
                condition="attribute_not_exists(attempts) OR attempts < :most",
                values={":forget": begin + seconds, ":one": 1, ":most": allowance.count},
                names={"#ttl": "ttl"},
            )
        except ConditionFailed:
            return False
        return True


def _pending(item: Item) -> Pending:
    values: Mapping[str, Any] = item
    return Pending(
        user_id=item["pk"].removeprefix("user#"),
        channel=item["sk"].removeprefix("pending#"),
        address=values.get("address"),
        secret=values["secret"],
        until=from_text(values["until"]),
        tries=values["tries"],
    )
