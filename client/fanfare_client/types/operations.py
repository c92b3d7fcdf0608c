"""Suppressions and queues."""

from __future__ import annotations

from typing import TypedDict


class Suppression(TypedDict):
    """An address that nothing is sent to, with the cause."""

    channel: str
    address: str
    cause: str
    created_at: str


class Queue(TypedDict):
    """Approximate numbers of a queue: waiting, in flight, delayed, and dead letters."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int
