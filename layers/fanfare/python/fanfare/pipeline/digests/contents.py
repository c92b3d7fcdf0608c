"""The data of digests. They are put together when they are rendered, from the items of the window and their messages.

So nothing is copied. A closed window never changes, and its messages are kept as long as its digest.
"""

from __future__ import annotations

import json
from typing import Any, Final

from fanfare.data_classes import dataclass
from fanfare.domain.delivery import Delivery
from fanfare.domain.message import Own, OwnData, Payload
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages

NO_PAYLOAD: Final = Payload()


@dataclass(frozen=True, kw_only=True)
class DigestContents:
    deliveries: Deliveries
    messages: Messages

    def of(self, references: OwnData) -> dict[str, Own | None]:
        """User id → what the digest says, from what it keeps of their window; None: erased."""
        kept = {user_id: own.data for user_id, own in references.items() if own is not None}
        found = {
            user_id: self.deliveries.in_window(user_id, data["digest"], first=data["first"], shown=data["shown"])
            for user_id, data in kept.items()
        }
        wanted = dict.fromkeys(each.message_id for shown, _ in found.values() for each in shown)
        payloads = {name: payload for name, (_, payload) in self.messages.get_many([*wanted]).items()}
        said: dict[str, Own | None] = dict.fromkeys(references)
        for user_id, (shown, count) in found.items():
            if not count:  # no window closes without an item: an erasure removes them
                continue
            said[user_id] = Own(
                data={
                    "items": [_item(each, payloads.get(each.message_id, NO_PAYLOAD)) for each in shown],
                    "count": count,
                    "key": kept[user_id]["key"],
                    "first_at": shown[0].updated_at if shown else kept[user_id]["first_at"],
                }
            )
        return said


def _item(delivery: Delivery, payload: Payload) -> dict[str, Any]:
    own = json.loads(delivery.own) if delivery.own is not None else {}
    return {"message_id": delivery.message_id, "at": delivery.updated_at, "data": {**payload.data, **own}}
