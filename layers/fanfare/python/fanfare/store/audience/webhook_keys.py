"""Rotations of a user's webhook secret, in the user's row: the secret is derived from their number, not stored."""

from __future__ import annotations

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.store.audience.users import Users


class WebhookKeys:
    def __init__(self, table: DynamoTable, users: Users) -> None:
        self.table = table
        self.users = users

    def rotate(self, user_id: str, *, at: str) -> bool:
        """Begin a new secret of the user. False if the user does not exist."""

        def attempt() -> bool:
            user = self.users.get(user_id)
            if user is None:
                return False
            self.table.update(
                f"user#{user_id}",
                "user",
                "SET webhook_key = :key, rev = :next",
                # not rotated or erased since the read
                condition="rev = :read",
                values={
                    ":key": {"no": int(user.webhook_key.get("no", 0)) + 1, "at": at},
                    ":next": user.rev + 1,
                    ":read": user.rev,
                },
            )
            return True

        return until_settled(attempt, sleep=self.table.sleep)
