"""The audience table: users, their subscriptions, limits in use, and suppressed addresses.

    pk                   sk                            what
    user#<id>            user                          profile, validated addresses, and counters of limits; `rev`
                                                       counts the writes
    user#<id>            subscription#<topic>#<chan>   a subscription, as the user lists it
    topic#<topic>#<k>    <user>#<channel>              the same subscription, as the fan-out reads it, in shard k
    removals#<topic>#<k> removals                      number of subscriptions ever removed from the shard
    address#<chan>       <address>#<user id>           the user who has this address
    address#<chan>       <address>                     the last user created for the address; removed by TTL
    suppression#<chan>   <address>                     an address that must not be used, and why
    bounces#<chan>       <address>                     messages that bounced in a row, and when; removed by TTL

Both rows of a subscription are written in one transaction. A deletion also increments the removals of the shard. The
fan-out commits a page only if that number has not changed since the page was read, or has the workers read the
subscriptions again, so an unsubscribe applies to every page committed after it.

A suppression belongs to an address and is copied to the users who have it, so the fan-out reads it with the user. The
copy can't be missed: a user is written only if the suppressions of the addresses have not changed since the read, and
a suppression is stored before its users are looked up.
"""

from __future__ import annotations

from fanfare.aws.dynamodb import DynamoTable
from fanfare.store.audience.confirmations import Confirmations as Confirmations
from fanfare.store.audience.profiles import identities
from fanfare.store.audience.subscriptions import Subscriptions as Subscriptions
from fanfare.store.audience.suppressions import Suppressions as Suppressions
from fanfare.store.audience.users import Users as Users


class Audience:
    """The repositories of the audience table that use each other's rows."""

    def __init__(self, table: DynamoTable) -> None:
        self.table = table
        self.users = Users(table)
        self.subscriptions = Subscriptions(table)
        self.suppressions = Suppressions(table, self.users)

    def erase(self, user_id: str) -> None:
        """Erase the profile, the addresses, all subscriptions and all other rows of the user. Idempotent.

        Suppressions remain: they belong to the address and protect whoever has it.
        """
        for subscription in list(self.subscriptions.of_user(user_id)):
            self.subscriptions.remove(user_id, subscription.topic, subscription.channel)
        user = self.users.get(user_id)
        known = identities(user.profile) if user else {}
        addresses = [
            (f"address#{channel}", row)
            for channel, address in known.items()
            for row in (address, f"{address}#{user_id}")
        ]
        bounces = [(f"bounces#{channel}", address) for channel, address in known.items()]
        pk = f"user#{user_id}"
        # the profile is deleted last, so that a repeat still finds the addresses
        rows = [(pk, row["sk"]) for row in self.table.query(pk, names=["sk"]) if row["sk"] != "user"]
        self.table.write_many([], deletes=[*addresses, *bounces, *rows])
        self.table.write_many([], deletes=[(pk, "user")])
