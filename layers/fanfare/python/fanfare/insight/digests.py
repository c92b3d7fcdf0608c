"""The digests of a user: open windows, one window with its items, and closing one before its time."""

from __future__ import annotations

import json
from typing import Final

from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.digests.windows import Window
from fanfare.errors import NotFound
from fanfare.insight.messages import known_id
from fanfare.management.users import find_user
from fanfare.pagination import take
from fanfare.schemas.operations import WindowItemView, WindowView
from fanfare.store.audience import Audience
from fanfare.store.deliveries import Deliveries
from fanfare.store.windows import Windows

SHOWN: Final = 100  # items of a window, the oldest ones


@dataclass(frozen=True, kw_only=True)
class ReadDigests:
    audience: Audience
    windows: Windows
    deliveries: Deliveries
    clock: Clock

    def open_of(self, user_id: str, *, after: str | None, limit: int) -> tuple[list[WindowView], str | None]:
        """A page of the user's open windows, oldest first, and the id to continue after. Raises NotFound."""
        find_user(user_id, self.audience)
        found = (window for window in self.windows.of_user(user_id, after=after) if not window.closed)
        page, position = take(found, limit, lambda last: last.id)
        return [self._view(window) for window in page], position

    def get(self, user_id: str, digest_id: str) -> WindowView:
        """A window, open or closed. Raises NotFound."""
        return self._view(self._find(user_id, digest_id))

    def close(self, user_id: str, digest_id: str) -> WindowView:
        """Have an open window closed now. Idempotent. Raises NotFound."""
        window = self._find(user_id, digest_id)
        if not window.closed:
            self.windows.close_by(window, self.clock())
        return self.get(user_id, digest_id)

    def _find(self, user_id: str, digest_id: str) -> Window:
        try:
            window = self.windows.get(user_id, known_id(digest_id))
        except NotFound:
            window = None
        if window is None:
            raise NotFound("No such digest.", code="digest_not_found")
        return window

    def _view(self, window: Window) -> WindowView:
        items, _ = self.deliveries.in_window(window.group.user_id, window.id, first=window.first, shown=SHOWN)
        return WindowView(
            id=window.id,
            topic=window.group.topic,
            channel=window.group.channel,
            key=json.loads(window.group.key) if window.group.key is not None else None,
            count=window.count,
            closes_at=window.closes_at,
            state="closed" if window.closed else "open",
            message_id=window.message_id,
            items=[WindowItemView(message_id=each.message_id, at=each.updated_at) for each in items],
        )
