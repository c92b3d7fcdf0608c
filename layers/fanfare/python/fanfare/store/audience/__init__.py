"""The audience table: users, their subscriptions, limits in use, and suppressed addresses.

    pk                   sk                            what
    user#<id>            user                          profile, validated addresses, and counters of limits; `rev`
                                                       counts the writes; `generation` is random for each life of the id
    user#<id>            subscription#<topic>#<chan>   a yes, as the user lists it
    user#<id>            consents#<topic>#<chan>       answers up to the last no, in order; in the index `listed`
    user#<id>            consents#<topic>#<chan>#<n>   earlier answers, from number n on, when the row above is full
    user#<id>            given                         number of yeses ever given; an erasure deletes it first
    topic#<topic>#<k>    <user>#<channel>              the same subscription, as the fan-out reads it, in shard k
    removals#<topic>#<k> removals                      number of subscriptions ever removed from the shard
    address#<chan>       <address>#<user id>           the user who has this address
    who#<digest>         <user id>                     a user with the address or device of this keyed digest
    address#<chan>       <address>                     the last user who signed up with the address; removed by TTL
    suppression#<chan>   <address>                     an address that must not be used, and why
    bounces#<chan>       <address>                     messages that bounced in a row, and when; removed by TTL

Both rows of a yes are written in one transaction, with the consent in the first of them. A no deletes both, and writes
the consents of the yes and of itself to a third row, which the fan-out never reads. That row stays after a new yes. A
no also increments the removals of the shard. The fan-out commits a page only if that number has not changed since the
page was read, or has the workers read the subscriptions again, so an unsubscribe applies to every page committed after
it.

A suppression belongs to an address and is copied to the users who have it, so the fan-out reads it with the user. The
copy can't be missed: a user is written only if the suppressions of the addresses have not changed since the read, and
a suppression is stored before its users are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from fanfare.aws.codec import KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.clock import Clock, system_clock
from fanfare.domain.audience import User
from fanfare.store.audience.devices import Directory
from fanfare.store.audience.directory import Digest, who_pk
from fanfare.store.audience.endpoints import EndpointStates
from fanfare.store.audience.people import People
from fanfare.store.audience.profiles import identities
from fanfare.store.audience.subscriptions.answers import Changed
from fanfare.store.audience.subscriptions.rows import subscription_sk
from fanfare.store.audience.subscriptions.store import Subscriptions as Subscriptions
from fanfare.store.audience.suppressions import Suppressions as Suppressions
from fanfare.store.audience.suppressions import SuppressionsChanged
from fanfare.store.audience.users import Users as Users
from fanfare.store.audience.users import begin_erasure, users_in

if TYPE_CHECKING:
    from fanfare.store.audience.subscriptions.consents import Consents
    from fanfare.store.audience.subscriptions.ended_topics import EndedTopics
    from fanfare.store.audience.subscriptions.subscribers import Subscribers


class Audience:
    """The repositories of the audience table that use each other's rows.

    `digest` makes the keys of the directory; None in functions that add no addresses and devices.
    """

    def __init__(
        self,
        table: DynamoTable,
        *,
        clock: Clock = system_clock,
        changed: Changed | None = None,
        suppressions_changed: SuppressionsChanged | None = None,
        digest: Digest | None = None,
    ) -> None:
        self.table = table
        self.users = Users(table, digest=digest)
        self.directory = Directory(table, self.users, digest=digest, clock=clock)
        self.people = People(table, self.users)
        self.subscriptions = Subscriptions(table, clock=clock, changed=changed)
        self.suppressions = Suppressions(table, self.users, changed=suppressions_changed)
        self.endpoints = EndpointStates(table)

    # For the APIs alone: workers do not import them

    @cached_property
    def ended_topics(self) -> EndedTopics:
        from fanfare.store.audience.subscriptions.ended_topics import EndedTopics  # noqa: PLC0415

        return EndedTopics(subscriptions=self.subscriptions)

    @cached_property
    def subscribers(self) -> Subscribers:
        from fanfare.store.audience.subscriptions.subscribers import Subscribers  # noqa: PLC0415

        return Subscribers(table=self.table, subscriptions=self.subscriptions)

    @cached_property
    def consents(self) -> Consents:
        from fanfare.store.audience.subscriptions.consents import Consents  # noqa: PLC0415

        return Consents(self.table)

    # Users with their subscriptions

    def with_yeses(
        self, user_ids: Iterable[str], topic: str, pairs: Iterable[tuple[str, str]]
    ) -> tuple[dict[str, User], dict[tuple[str, str], str | None]]:
        """The users that exist and, for those of the (user, channel) pairs that are subscribed, the chosen frequency.

        Strongly consistent.
        """
        yeses = {(f"user#{user_id}", subscription_sk(topic, channel)): (user_id, channel) for user_id, channel in pairs}
        found = self.table.get_many([*((f"user#{user_id}", "user") for user_id in user_ids), *yeses])
        return users_in(found), {pair: found[key].get("frequency") for key, pair in yeses.items() if key in found}

    def erase(self, user_id: str) -> None:
        """Erase the profile, the addresses, all subscriptions and all other rows of the user. Idempotent.

        First nothing more can be written for the user; then the rows are deleted, the profile last, so that a repeat
        still finds the addresses. Suppressions remain: they belong to the address and protect whoever has it.
        """
        user = begin_erasure(self.table, user_id)
        if user is None:
            return
        pk = f"user#{user_id}"
        for subscription in list(self.subscriptions.of_user(user_id)):
            self.subscriptions.drop(subscription)
        known = identities(user.profile)
        addresses = [
            (f"address#{channel}", row)
            for channel, address in known.items()
            for row in (address, f"{address}#{user_id}")
        ]
        bounces = [(f"bounces#{channel}", address) for channel, address in known.items()]
        rows = [(pk, row["sk"]) for row in self.table.query(pk, names=["sk"]) if row["sk"] != "user"]
        found = [(who_pk(digest), user_id) for digest in user.found_by.values()]
        self.table.write_many([], deletes=[*addresses, *found, *bounces, *rows])
        self.table.delete(pk, "user")

    def pending(self, user_id: str) -> dict[str, str]:
        """Channel → address that the user has not confirmed yet."""
        rows = self.table.query(f"user#{user_id}", KeyRange(prefix="pending#"))
        return {row["sk"].removeprefix("pending#"): row["address"] for row in rows if row.get("address")}
