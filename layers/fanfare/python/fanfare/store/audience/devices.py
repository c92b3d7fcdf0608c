"""Finds users by address, lists them by id, and moves devices from user to user."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.clock import Clock, to_text
from fanfare.store.audience.directory import PUSH, SHARDS, Digest, device_name, listed_users, who, who_pk
from fanfare.store.audience.profiles import read_suppressions, without_none, write_profile
from fanfare.store.audience.users import Users


class Directory:
    def __init__(self, table: DynamoTable, users: Users, *, digest: Digest | None, clock: Clock) -> None:
        self.table = table
        self.users = users
        self.digest = digest
        self.clock = clock

    def at(self, channel: str, address: str) -> list[str]:
        """Ids of the users with a normalised address, in one call; strongly consistent.

        If there is none, a second call looks for users that an earlier version stored.
        """
        if self.digest is None:
            raise RuntimeError("This function has no key of the directory.")
        found = [user_id for user_id, _ in who(self.table, self.digest(channel, address))]
        return found or self.users.at_address(channel, address)

    def user_ids(self, *, after: str | None, limit: int) -> Iterator[str]:
        """The ids of all users in order, read lazily, `limit` of each shard per call."""
        walks = [self.table.walk("listed", listed_users(shard), after=after, page=limit) for shard in range(SHARDS)]
        return (item["place"] for item in heapq.merge(*walks, key=lambda item: item["place"]))

    def post_device(self, user_id: str, platform: str, token: str, *, most: int) -> bool | None:
        """Store a device, and take it from everybody else. Whether it is new; None if the user does not exist.

        Of more than `most` devices, those posted first are removed.
        """
        device = {"platform": platform, "token": token}

        def attempt() -> bool | None:
            before = self.users.get(user_id)
            if before is None:
                return None
            devices = [dict(each) for each in before.profile.get(PUSH) or ()]
            others = [each for each in devices if each["token"] != token]
            profile = without_none({**before.profile, PUSH: [*others, device][-most:]})
            suppressions = read_suppressions(self.table, [profile])
            now = self._after_all(token)
            write = write_profile(self.table, user_id, profile, before, suppressions, self.digest, posted=now)
            digest = write.after.found_by[device_name(token)]
            if before.found_by.get(device_name(token)) == digest:  # known: posted again
                write.transaction.put(self.table, {"pk": who_pk(digest), "sk": user_id, "at": now})
            write.transaction.run()
            return device not in devices

        new = until_settled(attempt, sleep=self.table.sleep)
        if new is not None:
            self._keep_newest(token)
        return new

    def _after_all(self, token: str) -> str:
        """The present time as text or, if somebody posted the device in this millisecond, what sorts after it."""
        now = to_text(self.clock())
        if self.digest is None:
            return now
        newest = max((at for _, at in who(self.table, self.digest(PUSH, token))), default="")
        return now if now > newest else f"{newest}+"

    def _keep_newest(self, token: str) -> None:
        """A device belongs to the last user who posted it; who sees two of them removes the older one."""
        if self.digest is None:
            return
        found = sorted((at, user_id) for user_id, at in who(self.table, self.digest(PUSH, token)))
        for _, user_id in found[:-1]:
            self.forget_token(user_id, token)

    def forget_token(self, user_id: str, token: str) -> None:
        """Remove a device from a user, on every platform. Idempotent."""

        def without(profile: Mapping[str, Any]) -> dict[str, Any]:
            kept = [each for each in profile.get(PUSH) or () if each["token"] != token]
            return {**profile, PUSH: kept or None}

        self.users.change_known(user_id, without)
