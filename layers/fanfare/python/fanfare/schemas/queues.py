"""Queue depths in the API."""

from __future__ import annotations

from collections.abc import Sequence

from fanfare.schemas.scalars import View


class QueueView(View):
    """Approximate numbers of jobs in a queue: waiting, in flight, delayed, and in its dead-letter queue."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QueuesView(View):
    """All queues."""

    items: Sequence[QueueView]
