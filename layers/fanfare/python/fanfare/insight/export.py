"""All that is kept on a user, as JSON, page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.insight.deliveries import user_delivery_view
from fanfare.management.users import find_user, user_view
from fanfare.pagination import take
from fanfare.schemas.self_service import ExportView
from fanfare.store.audience import Audience
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes, Note

DELIVERIES: Final = 1_000  # per page
# The limit of a Lambda response is 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
NOTES_BYTES: Final = 3_000_000  # per page


@dataclass(frozen=True, kw_only=True)
class ExportUser:
    audience: Audience
    deliveries: Deliveries
    inboxes: Inboxes

    def run(self, user_id: str, *, after: Sequence[Any] | None) -> tuple[dict[str, Any], list[Any] | None]:
        """A page of the export, and the position to continue after. Raises NotFound.

        The first page has all but older deliveries and notes of the inbox, which follow.
        """
        user = find_user(user_id, self.audience)
        section, position = (after[0], after[1]) if after else ("deliveries", None)
        page: dict[str, Any] = self._head(user) if after is None else dict.fromkeys(ExportView.model_fields)
        page |= {"deliveries": [], "inbox": []}
        if section == "deliveries":
            found = self.deliveries.of_user(user_id, before=position)
            some, left = take(found, DELIVERIES, lambda last: last[0])
            page["deliveries"] = [user_delivery_view(each) for _, each in some]
            if left is not None:
                return page, ["deliveries", left]
            position = None
        page["inbox"], left = self._notes(user_id, position)
        return page, None if left is None else ["inbox", left]

    def _head(self, user: User) -> dict[str, Any]:
        yeses = list(self.audience.subscriptions.of_user(user.id))
        return {
            "user": user_view(user),
            "opted_out": user.opted_out,
            "pending": self.audience.pending(user.id),
            "suppressed": dict(user.suppressed),
            "limits": dict(user.limits),
            "preferences": dict(user.preferences),
            "subscriptions": [*yeses, *self.audience.consents.nos(user.id, yeses=yeses)],
            "consents": self.audience.consents.of_user(user.id, yeses=yeses),
        }

    def _notes(self, user_id: str, before: str | None) -> tuple[list[Note], str | None]:
        notes: list[Note] = []
        size = 0
        for note in self.inboxes.of_user(user_id, before=before, limit=DELIVERIES):
            size += len(json.dumps([note.title, note.body]))
            if notes and size > NOTES_BYTES:
                return notes, notes[-1].message_id
            notes.append(note)
        return notes, notes[-1].message_id if len(notes) == DELIVERIES else None
