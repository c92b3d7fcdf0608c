"""Confirmations in the audience table: unconfirmed addresses and sign-ups, and counters of attempts.

    pk                        sk                 what
    user#<id>                 pending#<channel>  an address that the user has not confirmed yet; removed by TTL
    user#<id>                 choices            subscriptions that a preference page asked for; removed by TTL
    sign_up#<id>              sign_up            a subscription requested without an account; removed by TTL
    attempts#<what>#<digest>  <when>             number of attempts in the period that began then; removed by TTL

A link contains an id, never the address; the address is stored here until it is confirmed or expires. Callers are
stored as keyed digests. TTL removes all of these rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import from_text, to_text
from fanfare.data_classes import dataclass
from fanfare.errors import ConditionFailed
from fanfare.signing.keyed_hash import Keys, digest
from fanfare.store.audience.subscriptions.rows import PRESENT

TRIES: Final = 5  # per code


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An address that is not used yet. `secret`: the id in its link, or the digest of its code.

    After a confirmation by link, `address` is None; the row remains, so opening the link again succeeds.
    """

    user_id: str
    channel: str
    address: str | None
    secret: str
    until: datetime
    tries: int = 0


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """A subscription without an account. After the confirmation it has the user, not the address."""

    id: str
    topic: str
    address: str | None
    user_id: str | None = None
    lang: str | None = None  # the locale of the new user


@dataclass(frozen=True, kw_only=True)
class PendingChoices:
    """What a preference page asked to give: subscriptions, or the end of an opt-out. Confirmed by a link.

    `address_no`: of the e-mail address that the link was sent to. A newer request replaces it.
    """

    user_id: str
    secret: str
    give: Sequence[tuple[str, str]]  # topic, channel
    opt_in: bool
    address_no: int
    frequencies: Mapping[str, str] = field(default_factory=dict)  # of topic/channel
    done: bool = False


@dataclass(frozen=True)
class Allowance:
    """At most `count` attempts per period `per`. Periods are fixed and each is counted exactly."""

    what: str
    count: int
    per: timedelta

    def begin(self, now: datetime) -> int:
        """When the present period began, in epoch seconds."""
        seconds = int(self.per.total_seconds())
        return int(now.timestamp()) // seconds * seconds

    def seconds_left(self, now: datetime) -> int:
        """Seconds until the next period."""
        return self.begin(now) + int(self.per.total_seconds()) - int(now.timestamp())


class Confirmations:
    def __init__(self, table: DynamoTable, *, keys: Keys) -> None:
        self.table = table
        self.keys = keys

    # Addresses of users

    def put_pending(self, pending: Pending) -> None:
        """Store the pending address; replaces an earlier one on the channel."""
        self._put_of_user(
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
        """The address that is pending on the channel or was confirmed recently; None if expired."""
        item = self.table.get(f"user#{user_id}", f"pending#{channel}")
        found = _pending(item) if item else None
        return found if found and found.until > now else None

    def try_code(self, user_id: str, channel: str, *, now: datetime) -> Pending | None:
        """Count a try and return the pending address; None if there is none or no try is left."""
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
        """Mark it as confirmed and remove the address, which is in the user's profile now."""
        try:
            self.table.update(
                f"user#{pending.user_id}",
                f"pending#{pending.channel}",
                "REMOVE address",
                # not replaced by a newer one
                condition="secret = :read",
                values={":read": pending.secret},
            )
        except ConditionFailed:
            return

    def drop_pending(self, user_id: str, channel: str) -> None:
        """Delete the pending address on the channel."""
        self.table.delete(f"user#{user_id}", f"pending#{channel}")

    # Sign-ups

    def put_sign_up(self, sign_up: SignUp, *, until: datetime) -> None:
        """Store a requested subscription."""
        self.table.put(
            {
                "pk": f"sign_up#{sign_up.id}",
                "sk": "sign_up",
                "topic": sign_up.topic,
                "address": sign_up.address,
                "lang": sign_up.lang,
                "ttl": int(until.timestamp()),
            }
        )

    def sign_up(self, sign_up_id: str) -> SignUp | None:
        """The requested subscription; None if unknown or expired."""
        item = self.table.get(f"sign_up#{sign_up_id}", "sign_up")
        if item is None:
            return None
        return SignUp(
            id=sign_up_id,
            topic=item["topic"],
            address=item.get("address"),
            user_id=item.get("user_id"),
            lang=item.get("lang"),
        )

    def followed(self, sign_up_id: str, user_id: str) -> None:
        """Note the user of a confirmed sign-up and remove the address."""
        self.table.update(
            f"sign_up#{sign_up_id}",
            "sign_up",
            "SET user_id = :user REMOVE address",
            condition="attribute_exists(pk)",
            values={":user": user_id},
        )

    def drop_sign_up(self, sign_up_id: str) -> None:
        """Delete a requested subscription. Idempotent."""
        self.table.delete(f"sign_up#{sign_up_id}", "sign_up")

    # Choices

    def put_choices(self, choices: PendingChoices, *, until: datetime) -> None:
        """Store choices to be confirmed; replaces earlier ones of the user."""
        self._put_of_user(
            {
                "pk": f"user#{choices.user_id}",
                "sk": "choices",
                "secret": choices.secret,
                "give": [list(pair) for pair in choices.give],
                "frequencies": dict(choices.frequencies),
                "opt_in": choices.opt_in,
                "address_no": choices.address_no,
                "done": choices.done,
                "ttl": int(until.timestamp()),
            }
        )

    def _put_of_user(self, item: Item) -> None:
        """Store a row of a user; none if the user was erased meanwhile."""

        def attempt() -> None:
            transaction = Transaction().put(self.table, item)
            transaction.check(self.table, (item["pk"], "user"), PRESENT)
            try:
                transaction.run()
            except ConditionFailed as failed:
                if not failed.refused:
                    raise  # only another transaction of the user at the same time

        until_settled(attempt, sleep=self.table.sleep)

    def choices(self, user_id: str, secret: str) -> PendingChoices | None:
        """The choices that a link confirms; None if unknown, expired or replaced."""
        item = self.table.get(f"user#{user_id}", "choices")
        if item is None or item["secret"] != secret:
            return None
        return PendingChoices(
            user_id=user_id,
            secret=secret,
            give=[(topic, channel) for topic, channel in item["give"]],
            frequencies=item.get("frequencies", {}),
            opt_in=item["opt_in"],
            address_no=int(item["address_no"]),
            done=item["done"],
        )

    def end_choices(self, choices: PendingChoices, *, done: bool) -> None:
        """Mark choices as given, or delete them, unless newer ones have replaced them."""
        key, values = (f"user#{choices.user_id}", "choices"), {":read": choices.secret}
        try:
            if done:
                self.table.update(
                    *key, "SET done = :done", condition="secret = :read", values={**values, ":done": True}
                )
            else:
                Transaction().delete(self.table, key, condition="secret = :read", values=values).run()
        except ConditionFailed:
            return

    # Allowances

    def allows(self, allowance: Allowance, whose: str, *, now: datetime, number: int = 1) -> bool:
        """Count an attempt. Returns whether it is within the allowance; exact also for concurrent attempts.

        `number`: attempts made together, which are allowed or not as a whole; they may exceed the allowance once.
        """
        begin = allowance.begin(now)
        known = digest(whose, keys=self.keys, purpose=allowance.what)
        try:
            self.table.update(
                f"attempts#{allowance.what}#{known}",
                str(begin),
                "SET #ttl = :forget ADD attempts :number",
                condition="attribute_not_exists(attempts) OR attempts < :most",
                values={
                    ":forget": begin + int(allowance.per.total_seconds()),
                    ":number": number,
                    ":most": allowance.count,
                },
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
