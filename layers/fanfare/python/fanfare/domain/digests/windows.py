"""Windows: the items of one reader on a topic, channel and key. Each begins with its first item and is closed once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fanfare.clock import to_text
from fanfare.data_classes import dataclass

ITEMS: Final = 100  # that a digest shows, at most


@dataclass(frozen=True)
class Group:
    """Items of one reader that go together. `key`: JSON."""

    user_id: str
    topic: str
    channel: str
    key: str | None = None

    @property
    def name(self) -> str:
        """A short name, unique among the groups of the reader."""
        text = json.dumps([self.topic, self.channel, self.key])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window. `first`: the id of the oldest message in it, so that no older deliveries are read.

    `retain_until`: until then, the message of each item is kept. `message_id`: the digest, once it is closed.
    """

    id: str
    group: Group
    closes_at: str
    first: str
    first_at: str
    template: str
    retain_until: int
    count: int = 0
    message_id: str | None = None

    @property
    def closed(self) -> bool:
        return self.message_id is not None


@dataclass(frozen=True)
class Current:
    """The newest window of a group, if it is open. `newest`: its id, open or closed; None if there was none."""

    newest: str | None = None
    window: Window | None = None


NO_WINDOW: Final = Current()


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A recipient whose message goes into a digest. `opens`: with it, a new window is opened after `after`."""

    user_id: str
    channel: str
    window: Window
    opens: bool
    after: str | None = None
    own: Mapping[str, Any] | None = None


def reference(window: Window, shown: int) -> dict[str, Any]:
    """What a digest keeps of the window of one recipient."""
    return {
        "digest": window.id,
        "first": window.first,
        "first_at": window.first_at,
        "key": json.loads(window.group.key) if window.group.key is not None else None,
        "shown": shown,
    }


def lowered(window: Window, message_id: str, retain_until: int) -> dict[str, Any]:
    """Attributes of an open window that an item of this message makes smaller."""
    found: dict[str, Any] = {}
    if message_id < window.first:
        found["first"] = message_id
    if retain_until < window.retain_until:
        found["ttl"] = retain_until
    return found


def opened(
    name: str, group: Group, *, message_id: str, closes_at: datetime, now: datetime, template: str, retain_until: int
) -> Window:
    """A window that begins with an item of this message."""
    return Window(
        id=name,
        group=group,
        closes_at=to_text(closes_at),
        first=message_id,
        first_at=to_text(now),
        template=template,
        retain_until=retain_until,
    )
