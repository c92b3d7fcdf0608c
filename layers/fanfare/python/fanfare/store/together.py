"""Reads of several tables in one call."""

from __future__ import annotations

from collections.abc import Iterable

from fanfare.aws.dynamodb import get_together
from fanfare.domain.audience import User
from fanfare.domain.message import Message, Payload
from fanfare.store.audience.users import Users, users_in
from fanfare.store.messages.store import Messages, message_keys, messages_in


def messages_and_users(
    messages: Messages, users: Users, message_ids: Iterable[str], user_ids: Iterable[str]
) -> tuple[dict[str, tuple[Message, Payload]], dict[str, User]]:
    """Messages with their payloads, and users; strongly consistent, 100 items per call."""
    wanted = [
        (messages.table, message_keys(message_ids)),
        (users.table, [(f"user#{each}", "user") for each in user_ids]),
    ]
    found = get_together(wanted)
    return messages_in(found[0]), users_in(found[1])
