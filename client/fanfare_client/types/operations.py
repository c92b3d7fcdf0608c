"""Suppressions and queues."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .common import Cause, Channel, ItemError


class Suppression(TypedDict):
    """An address that nothing is sent to, with the cause."""

    channel: str
    address: str
    cause: str
    created_at: str


class SuppressionItem(TypedDict):
    """An address to suppress."""

    channel: Channel
    address: str
    cause: NotRequired[Cause | None]
    at: NotRequired[str | None]


class SuppressionResult(TypedDict):
    """The result of one item: 201 suppressed, 200 was already suppressed, 422 rejected."""

    channel: str | None
    address: str | None
    status: int
    error: ItemError | None


class Queue(TypedDict):
    """Approximate numbers of a queue: waiting, in flight, delayed, and dead letters."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int
