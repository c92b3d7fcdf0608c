"""The inbox: kept in DynamoDB, read by the user through the public API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from .base import Channel, Envelope, InTime, Kind, Profile, Result, always

if TYPE_CHECKING:
    from ..inboxes import Inboxes


class Inbox(Channel):
    name: ClassVar[str] = "inbox"
    batch_size: ClassVar[int] = 50
    parts: ClassVar[Mapping[str, bool]] = {"title": False, "body": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("title", "body"),)
    inline: ClassVar[Mapping[str, str]] = {"title": "subject", "body": "text"}

    def __init__(self, inboxes: Inboxes) -> None:
        self.inboxes = inboxes

    @staticmethod
    def address(profile: Profile) -> str:  # noqa: ARG004 - everybody has an inbox
        """Every user has an inbox."""
        return "inbox"

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[Result]:  # noqa: ARG002 - no doubt
        """Put the same again changes nothing: there is no doubt, and an error may be tried again."""
        self.inboxes.put(
            [
                (each.user_id, each.message_id, each.content.get("title", ""), each.content.get("body", ""))
                for each in envelopes
            ]
        )
        return [Result(Kind.SENT)] * len(envelopes)
