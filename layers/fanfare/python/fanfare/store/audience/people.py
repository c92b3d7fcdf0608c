"""Recipients by address, without a stored user, with the suppressions of that address.

If stored users have the address, what they want holds here, too: an opt-out of everything, and their quiet hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.audience import User
from fanfare.store.audience.profiles import identities, read_suppressions
from fanfare.store.audience.users import Users

Profile = Mapping[str, Any]


class People:
    def __init__(self, table: DynamoTable, users: Users) -> None:
        self.table = table
        self.users = users

    def read(self, persons: Mapping[str, Profile]) -> dict[str, User]:
        """User id → the person as a user, strongly consistent."""
        if not persons:
            return {}
        known = {user_id: identities(profile) for user_id, profile in persons.items()}
        causes = read_suppressions(self.table, persons.values())
        having = {pair: self.users.at_address(*pair) for addresses in known.values() for pair in addresses.items()}
        stored = self.users.get_many(sorted({each for found in having.values() for each in found}))
        return {
            user_id: _person(
                user_id,
                persons[user_id],
                suppressed={channel: causes[pair] for channel, pair in _pairs(addresses) if pair in causes},
                same=[stored[each] for _, pair in _pairs(addresses) for each in having[pair] if each in stored],
            )
            for user_id, addresses in known.items()
        }


def _pairs(addresses: Mapping[str, str]) -> Iterable[tuple[str, tuple[str, str]]]:
    return [(channel, (channel, address)) for channel, address in addresses.items()]


def _person(user_id: str, profile: Profile, *, suppressed: Mapping[str, str], same: Iterable[User]) -> User:
    """`same`: stored users who have an address of the person."""
    quiet = [user.profile for user in same if user.profile.get("quiet_hours")]
    hours = {"time_zone": quiet[0].get("time_zone"), **quiet[0]["quiet_hours"]} if quiet else None
    return User(
        id=user_id,
        profile={**profile, "quiet_hours": hours},
        suppressed=suppressed,
        opted_out=any(user.opted_out for user in same),
        by_address=True,
    )
