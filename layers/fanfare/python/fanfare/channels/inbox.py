"""The inbox: stored in DynamoDB, read by users through the public API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.channels.base import (
    NOT_ASKED,
    Channel,
    Envelope,
    Grants,
    InTime,
    Kind,
    Notes,
    Opening,
    Profile,
    SendResult,
    Unsendable,
    always,
    isolated,
)
from fanfare.channels.reasons import Reason
from fanfare.errors import Unavailable

NOTES: Final = 25  # per call
NOTE_BYTES: Final = 400_000  # the limit of a DynamoDB item is 409,600 bytes with names, keys and times


class Inbox(Channel):
    name: ClassVar[str] = "inbox"
    title: ClassVar[str] = "Inbox"
    by: ClassVar[str] = "in your inbox"
    summary: ClassVar[str] = "a table of Fanfare, read through the public API"
    grants: ClassVar[Grants] = {"inbox": ("dynamodb:BatchWriteItem",)}
    batch_size: ClassVar[int] = 50
    parts: ClassVar[Mapping[str, bool]] = {"title": False, "body": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("title", "body"),)
    inline: ClassVar[Mapping[str, str]] = {"title": "subject", "body": "text"}
    repeatable: ClassVar[bool] = True  # storing a note again changes nothing

    def __init__(self, inboxes: Notes) -> None:
        self.inboxes = inboxes

    @classmethod
    def open(cls, opening: Opening) -> Inbox:
        return cls(opening.notes())

    @staticmethod
    def address(profile: Profile) -> str:  # noqa: ARG004 - every user has an inbox
        """Every user has an inbox."""
        return "inbox"

    @classmethod
    def unsendable(cls, content: Mapping[str, str]) -> Unsendable | None:
        size = sum(len(content.get(part, "").encode()) for part in cls.parts)
        if size <= NOTE_BYTES:
            return None
        detail = f"Note is {size:,} bytes; the limit is {NOTE_BYTES:,}."
        return Unsendable(Reason.CONTENT_TOO_LARGE, "body", detail)

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        """Store the notes. Storing is idempotent, so no outcome is unknown and errors are retried."""
        # one item that is too large would make its whole call fail
        results = [isolated(_refused, envelope) for envelope in envelopes]
        fits = [place for place, result in enumerate(results) if result.kind is Kind.SENT]
        for start in range(0, len(fits), NOTES):
            places = fits[start : start + NOTES]
            result = self._put([envelopes[place] for place in places]) if in_time() else NOT_ASKED
            for place in places:
                results[place] = result
        return results

    def _put(self, envelopes: Sequence[Envelope]) -> SendResult:
        try:
            self.inboxes.put([(each.user_id, each.message_id, *_parts(each)) for each in envelopes])
        except (ClientError, BotoCoreError, Unavailable):
            return SendResult(Kind.TEMPORARY, Reason.INBOX_UNAVAILABLE)
        return SendResult(Kind.SENT)


def _refused(envelope: Envelope) -> SendResult:
    """The result for a note that can't be stored; `SENT` for others."""
    fits = _size(envelope) <= NOTE_BYTES
    return SendResult(Kind.SENT) if fits else SendResult(Kind.PERMANENT, Reason.CONTENT_TOO_LARGE)


def _parts(envelope: Envelope) -> tuple[str, str]:
    return envelope.content.get("title", ""), envelope.content.get("body", "")


def _size(envelope: Envelope) -> int:
    return sum(len(part.encode()) for part in _parts(envelope))
