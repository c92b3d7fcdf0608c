"""Everything that was sent to providers, newest last."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message to one address on any channel. `user_id` and `message_id` come from its tags."""

    channel: str
    to: str
    provider_id: str
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    sender: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None  # the MIME text, if it was sent as one
    message_id: str | None = None
    user_id: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_item(self, number: int) -> dict[str, Any]:
        """The item of `outbox.json`: the fields of the contract, then ours."""
        return {
            "channel": self.channel,
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": dict(self.headers),
            "message_id": self.message_id,
            "user_id": self.user_id,
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "number": number,
            "from": self.sender,
            "tags": dict(self.tags),
            "provider_id": self.provider_id,
            "raw": self.raw,
        }


class Outbox:
    """All mails in the order of acceptance. Numbers start at 1 and never change."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []
        self._lock = threading.Lock()

    def add(self, *mails: Mail) -> None:
        with self._lock:
            self._mails.extend(mails)

    def __len__(self) -> int:
        return len(self._mails)

    def get(self, number: int) -> Mail | None:
        return self._mails[number - 1] if 0 < number <= len(self._mails) else None

    def find(self, *, channel: str = "", to: str = "", message_id: str = "") -> list[tuple[int, Mail]]:
        """The mails that match all filters, each with its number."""
        return [
            (number, mail)
            for number, mail in enumerate(list(self._mails), start=1)
            if (not channel or mail.channel == channel)
            and (not to or mail.to.lower() == to.lower())
            and (not message_id or mail.message_id == message_id)
        ]
