"""The directory: users by address or device (a keyed digest), and by id.

A user's row keeps the digests, so whoever removes an address or the user needs no key. Users of earlier versions are
added with their next write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.channels import CHANNELS
from fanfare.ids import shard_of

Digest = Callable[[str, str], str]  # (kind, normalised value) → keyed digest
PUSH: Final = "push"
SHARDS: Final = 8  # of the index of users: its write limit is per partition


def listed_users(shard: int) -> str:
    """The key of the index under which a shard of the users is listed."""
    return f"users#{shard}"


def listed(user_id: str) -> dict[str, str]:
    """The attributes that put a user into the index."""
    return {"listed": listed_users(shard_of(user_id, SHARDS)), "place": user_id}


def who_pk(digest: str) -> str:
    return f"who#{digest}"


def device_name(token: str) -> str:
    """The name of a device among what a user is found by; short, because the user's row has it."""
    return f"{PUSH}#{hashlib.sha256(token.encode()).hexdigest()[:12]}"


def traits(profile: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Name → (kind, value) of what the user can be found by."""
    found = {}
    for name, channel in CHANNELS.items():
        if channel.field and (address := channel.identity(profile)) is not None:
            found[name] = (name, address)
    tokens = [each["token"] for each in profile.get(PUSH) or ()]
    return found | {device_name(token): (PUSH, token) for token in tokens}


def found_by(
    profile: Mapping[str, Any], before: Mapping[str, Any], known: Mapping[str, str], digest: Digest | None
) -> dict[str, str]:
    """Name → digest of a profile. Digests of `known`, of the profile `before`, are kept if the value is the same."""
    now, then = traits(profile), traits(before)
    found = {name: known[name] for name, trait in now.items() if name in known and then.get(name) == trait}
    if digest is not None:
        found |= {name: digest(*trait) for name, trait in now.items() if name not in found}
    return found


def write_found_by(
    transaction: Transaction,
    table: DynamoTable,
    user_id: str,
    *,
    before: Mapping[str, str],
    after: Mapping[str, str],
    at: str | None = None,
) -> None:
    """Change the directory with the user, as part of a transaction. `at`: when a device was posted."""
    old, new = set(before.values()), set(after.values())
    for gone in sorted(old - new):
        transaction.delete(table, (who_pk(gone), user_id))
    for added in sorted(new - old):
        transaction.put(table, {"pk": who_pk(added), "sk": user_id, "at": at})


def who(table: DynamoTable, digest: str) -> Iterator[tuple[str, str]]:
    """(User id, when posted) of those who have it; strongly consistent, one call."""
    for item in table.query(who_pk(digest)):
        yield item["sk"], item.get("at", "")
