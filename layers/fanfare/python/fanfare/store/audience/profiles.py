"""Writes of profiles: the row of a user, and the rows of their addresses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.channels import CHANNELS
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import User
from fanfare.errors import Unavailable
from fanfare.store.audience.directory import Digest, found_by, listed, write_found_by
from fanfare.store.audience.subscriptions.rows import GIVEN

GENERATION_BYTES: Final = 6


@dataclass(frozen=True)
class ProfileWrite:
    """A user after a write, and its transaction."""

    after: User
    transaction: Transaction


def identities(profile: Mapping[str, Any]) -> dict[str, str]:
    """Channel → canonical address of the user for suppressions."""
    known = {name: channel.identity(profile) for name, channel in CHANNELS.items()}
    return {name: address for name, address in known.items() if address is not None}


def without_none(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The profile without fields that are None, as stored."""
    return {name: value for name, value in profile.items() if value is not None}


def read_suppressions(table: DynamoTable, profiles: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """(channel, address) → cause, for suppressed addresses of the profiles."""
    wanted = [pair for profile in profiles for pair in identities(profile).items()]
    found = table.get_many([(f"suppression#{channel}", address) for channel, address in wanted])
    return {(pk.partition("#")[2], address): item["cause"] for (pk, address), item in found.items()}


def write_profile(
    table: DynamoTable,
    user_id: str,
    profile: Mapping[str, Any],
    before: User | None,
    suppressions: Mapping[tuple[str, str], str],
    digest: Digest | None = None,
    *,
    posted: str | None = None,
    signed_up: bool = False,
) -> ProfileWrite:
    """The write of a profile, conditional on the user and suppressions as read.

    `posted`: when a new device was posted. `signed_up`: of a new user. Raises Unavailable if an erasure has begun.
    """
    if before is not None and before.erasing:
        raise Unavailable("The erasure of this user is not complete. Repeat the DELETE.", code="erasure_unfinished")
    after = _after(before or _born(user_id, signed_up=signed_up), profile, suppressions, digest)
    transaction = _write_user(table, after, before)
    if before is None:
        transaction.put(table, {"pk": f"user#{user_id}", "sk": GIVEN, GIVEN: 0})
    write_found_by(
        transaction, table, user_id, before=before.found_by if before else {}, after=after.found_by, at=posted
    )
    known = identities(profile)
    old = identities(before.profile) if before else {}
    for channel, address in _gone(old, known).items():
        transaction.delete(table, (f"address#{channel}", f"{address}#{user_id}"))
    for channel, address in known.items():
        # an earlier version had no rows for addresses of some channels
        if old.get(channel) != address or (after.indexed and before is not None and not before.indexed):
            transaction.put(table, {"pk": f"address#{channel}", "sk": f"{address}#{user_id}"})
        # the suppression has not changed since it was read
        condition = "attribute_exists(pk)" if channel in after.suppressed else "attribute_not_exists(pk)"
        transaction.check(table, (f"suppression#{channel}", address), condition)
    return ProfileWrite(after, transaction)


def new_generation() -> str:
    """A random text for one life of an id."""
    return os.urandom(GENERATION_BYTES).hex()


def _born(user_id: str, *, signed_up: bool) -> User:
    """A user who does not exist yet. The generation is random, so no trace of an erased user is needed to differ."""
    return User(id=user_id, profile={}, generation=new_generation(), signed_up=signed_up)


def _after(
    before: User,
    profile: Mapping[str, Any],
    suppressions: Mapping[tuple[str, str], str],
    digest: Digest | None,
) -> User:
    known = identities(profile)
    gone = _gone(identities(before.profile), known)
    return replace(
        before,
        profile=profile,
        suppressed={
            channel: suppressions[channel, address]
            for channel, address in known.items()
            if (channel, address) in suppressions
        },
        checked=_checked(profile, known),
        readdressed={**before.readdressed, **{each: before.readdressed.get(each, 0) + 1 for each in gone}},
        found_by=found_by(profile, before.profile, before.found_by, digest),
        endpoints=_endpoints(profile, before),
        indexed=digest is not None or before.indexed,
        rev=before.rev + 1,
    )


def _write_user(table: DynamoTable, after: User, before: User | None) -> Transaction:
    sets = "SET profile = :profile, checked = :checked, suppressed = :suppressed, rev = :next,"
    values: dict[str, Any] = {
        ":profile": after.profile,
        ":checked": after.checked,
        ":suppressed": after.suppressed,
        ":next": after.rev,
        ":none": {},
        ":found_by": after.found_by,
    }
    sets += " found_by = :found_by,"
    if after.indexed:
        sets += " listed = :listed, place = :place,"
        values |= {f":{name}": value for name, value in listed(after.id).items()}
    if after.readdressed:
        sets += " readdressed = :readdressed,"
        values[":readdressed"] = after.readdressed
    if before is None:
        sets += " generation = :generation,"
        values[":generation"] = after.generation
    if after.signed_up:
        sets += " signed_up = :signed_up,"
        values[":signed_up"] = True
    gone = " REMOVE endpoints" if before and before.endpoints and not after.endpoints else ""
    known = before.rev if before else 0
    if known:
        values[":read"] = known
    return Transaction().update(
        table,
        (f"user#{after.id}", "user"),
        sets + " limits = if_not_exists(limits, :none)" + gone,
        # the user has not changed since the read
        condition="rev = :read" if known else "attribute_not_exists(rev)",
        values=values,
    )


def _endpoints(profile: Mapping[str, Any], before: User | None) -> Mapping[str, Mapping[str, Any]]:
    """States of endpoints that are still the user's."""
    known = before.endpoints if before else {}
    return {name: state for name, state in known.items() if before and profile.get(name) == before.profile.get(name)}


def _gone(old: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {channel: address for channel, address in old.items() if known.get(channel) != address}


def _checked(profile: Mapping[str, Any], channels: Iterable[str]) -> dict[str, str]:
    """Address as written in the profile → normalised address, for valid ones."""
    return {profile[field]: CHANNELS[name].address(profile) for name in channels if (field := CHANNELS[name].field)}


def pack_writes(writes: Mapping[str, ProfileWrite]) -> Iterator[list[str]]:
    """Groups of user ids whose writes fit one transaction and do not share items."""
    chunk: list[str] = []
    items: set[tuple[str, str, str]] = set()
    for user_id, write in writes.items():
        touched = write.transaction.keys
        if chunk and (touched & items or len(items) + len(touched) > TRANSACTION_LIMIT):
            yield chunk
            chunk, items = [], set()
        chunk.append(user_id)
        items |= touched
    if chunk:
        yield chunk
