"""Reads the users' inboxes from the table, because the inbox channel has no provider."""

from __future__ import annotations

from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.aws import client


class Inboxes:
    """All inboxes of a running stack."""

    def __init__(self, url: str, table: str) -> None:
        self._dynamodb = client("dynamodb", url)
        self._table = table

    def items(self, *, to: str = "", message_id: str = "") -> list[dict[str, Any]]:
        """The items in the outbox's format, newest last. `to` is the user id."""
        plain = TypeDeserializer().deserialize
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table)
        notes = [{name: plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        shown = sorted((_shown(note) for note in notes), key=lambda item: (item["at"], item["user_id"]))
        return [
            item
            for item in shown
            if (not to or item["to"] == to) and (not message_id or item["message_id"] == message_id)
        ]


def _shown(note: dict[str, Any]) -> dict[str, Any]:
    user_id = note["pk"].removeprefix("user#")
    return {
        "channel": "inbox",
        "to": user_id,
        "subject": note["title"],
        "text": note["body"],
        "html": None,
        "headers": {},
        "message_id": note["sk"],
        "user_id": user_id,
        "at": note["at"],
        "read_at": note.get("read_at"),
    }
