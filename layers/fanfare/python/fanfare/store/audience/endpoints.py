"""States of users' own endpoints, and rotations of their secrets, in the user's item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfare.aws.dynamodb import DynamoTable
from fanfare.data_classes import replace
from fanfare.domain.audience import User
from fanfare.errors import ConditionFailed


class EndpointStates:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def store(self, user: User, channel: str, state: Mapping[str, Any] | None) -> User | None:
        """Store the state of the user's endpoint; None: it works. Returns None if the user has changed."""
        others = {name: known for name, known in user.endpoints.items() if name != channel}
        endpoints = others | ({channel: state} if state else {})
        try:
            self.table.update(
                f"user#{user.id}",
                "user",
                "SET endpoints = :endpoints",
                # the address has not changed since the read
                condition="rev = :read",
                values={":endpoints": endpoints, ":read": user.rev},
            )
        except ConditionFailed:
            return None
        return replace(user, endpoints=endpoints)

    def switch_on(self, user_id: str) -> None:
        """Forget how the user's endpoints failed, if the user exists."""
        self._change_known(user_id, "REMOVE endpoints")

    def rotate_secret(self, user_id: str, *, at: str) -> None:
        """Begin a new secret of the user, which is derived from the number of rotations; if the user exists."""
        self._change_known(
            user_id,
            "SET secret_no = if_not_exists(secret_no, :zero) + :one, secret_at = :at",
            values={":zero": 0, ":one": 1, ":at": at},
        )

    def _change_known(self, user_id: str, update: str, *, values: Mapping[str, Any] | None = None) -> None:
        try:
            self.table.update(f"user#{user_id}", "user", update, condition="attribute_exists(rev)", values=values)
        except ConditionFailed as failed:
            if not failed.refused:
                raise
