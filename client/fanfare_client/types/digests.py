"""Digests: how topics make them, and those of a user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Every(TypedDict):
    """When a window closes: at a time of day on some days, or a number of seconds after its first item."""

    days: NotRequired[Sequence[Day] | None]
    at: NotRequired[str | None]
    seconds: NotRequired[int | None]


class DigestTemplate(TypedDict):
    """The template of a digest."""

    id: str


class Digest(TypedDict):
    """How messages of a topic are gathered into one per reader."""

    template: DigestTemplate
    every: Every
    key: NotRequired[str | None]
    items: NotRequired[int | None]
    day: NotRequired[Day | None]


class WindowItem(TypedDict):
    """One item of a digest."""

    message_id: str
    at: str


class Window(TypedDict):
    """A digest of a user. `message_id`: the message that it became, once it is closed."""

    id: str
    topic: str
    channel: str
    key: str | float | None
    count: int
    closes_at: str
    state: Literal["open", "closed"]
    message_id: str | None
    items: Sequence[WindowItem]
