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

from fanfare.aws.dynamodb import DynamoTable
from fanfare.store.audience.confirmations import Confirmations as Confirmations
from fanfare.store.audience.profiles import identities
from fanfare.store.audience.subscriptions import Subscriptions as Subscriptions
from fanfare.store.audience.suppressions import Suppressions as Suppressions
from fanfare.store.audience.users import Users as Users


class Audience:
    """The repositories of the audience table that know of each other's rows."""

    def __init__(self, table: DynamoTable) -> None:
        self.table = table
        self.users = Users(table)
        self.subscriptions = Subscriptions(table)
        self.suppressions = Suppressions(table, self.users)

    def erase(self, user_id: str) -> None:
        """Erase the profile, the addresses, every subscription and whatever else is filed under the user.

        A suppression stays: it belongs to the address, and protects whoever reads there. A repeat changes nothing.
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
        # the profile goes last, so that a repeat still knows the addresses
        rows = [(pk, row["sk"]) for row in self.table.query(pk, names=["sk"]) if row["sk"] != "user"]
        self.table.write_many([], deletes=[*addresses, *bounces, *rows])
        self.table.write_many([], deletes=[(pk, "user")])
