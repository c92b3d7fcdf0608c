"""Queue depths in the API."""

from __future__ import annotations

from collections.abc import Sequence

from fanfare.schemas.scalars import View


class QueueView(View):
    """How many jobs of a queue wait, are being worked at, come later, or were given up. SQS counts approximately."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QueuesView(View):
    """All queues."""

    items: Sequence[QueueView]
