"""The caller's inbox, and the outcome of each message to the caller."""

from __future__ import annotations

import json
from typing import Final

from fanfare.data_classes import dataclass
from fanfare.errors import NotFound
from fanfare.insight.deliveries import ListUserDeliveries
from fanfare.insight.messages import known_id
from fanfare.schemas.operations import UserDeliveryView
from fanfare.store.audience import Audience
from fanfare.store.inbox import Inboxes, Note

# The limit of a Lambda response is 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES: Final = 5_000_000


@dataclass(frozen=True, kw_only=True)
class MyInbox:
    inboxes: Inboxes

    def page(self, user_id: str, *, before: str | None, limit: int) -> tuple[list[Note], str | None, int]:
        """A page of the inbox, the message id to continue before, and the number of all unread notes.

        A page of large notes has fewer than `limit`.
        """
        unread = self.inboxes.unread(user_id)
        page: list[Note] = []
        size = 0
        for note in self.inboxes.of_user(user_id, before=before, limit=limit + 1):
            size += _answered_bytes(note)
            if page and (len(page) == limit or size > ANSWER_BYTES):
                return page, page[-1].message_id, unread
            page.append(note)
        return page, None, unread

    def read(self, user_id: str, message_id: str) -> Note:
        """Mark a note as read. A repeat keeps the first time. Raises NotFound."""
        note = self.inboxes.read(user_id, known_id(message_id))
        if note is None:
            raise NotFound("No such message.", code="message_not_found")
        return note


@dataclass(frozen=True, kw_only=True)
class MyDeliveries:
    audience: Audience
    deliveries: ListUserDeliveries

    def page(self, user_id: str, *, before: str | None, limit: int) -> tuple[list[UserDeliveryView], str | None]:
        """A page of the user's deliveries, newest first, and the position to continue before."""
        if self.audience.users.get(user_id) is None:
            return [], None
        return self.deliveries.run(user_id, before=before, limit=limit)


def _answered_bytes(note: Note) -> int:
    """Bytes of a note in the response, which is JSON within JSON."""
    return len(json.dumps(json.dumps([note.title, note.body])))
