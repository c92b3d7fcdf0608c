"""The control loop: finds overdue work in the tables and the dead-letter queues, re-sends it, settles states.

It queries by age without a lower bound, not by time window, so work that was lost during an outage is found afterwards.
A run continues until nothing is due or its time is up. Concurrent runs are safe: each write is conditional on the
state that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from fanfare.aws.queues import Queues
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.reconcile.dead_letters import DeadLetters
from fanfare.pipeline.reconcile.due_windows import CloseWindows
from fanfare.pipeline.reconcile.overdue_batches import OverdueBatches
from fanfare.pipeline.reconcile.overdue_messages import OverdueMessages
from fanfare.pipeline.reconcile.run import ReconcileRun
from fanfare.store.batches import Batches
from fanfare.store.messages import Messages

PARTS: Final[tuple[type[DeadLetters] | type[OverdueMessages] | type[OverdueBatches], ...]] = (
    DeadLetters,
    OverdueMessages,
    OverdueBatches,
)
END: Final = object()


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """The collaborators of the control loop; `run` is the use case."""

    messages: Messages
    batches: Batches
    queues: Queues
    clock: Clock
    pace: Pace
    windows: CloseWindows

    def run(self, *, time_left: Callable[[], float]) -> ReconcileRun:
        """Work until nothing is due or the time is up: one chunk of each kind of work in turn (round-robin)."""
        run = ReconcileRun(time_left=time_left)
        work = self._work(run)
        while work and time_left() > 0:
            # a chunk begins with reads of every shard, so none is started when the time is up
            work = [chunks for chunks in work if time_left() > 0 and _next_chunk(chunks, run)]
        return run

    def _work(self, run: ReconcileRun) -> list[Iterator[None]]:
        parts = [
            part(messages=self.messages, batches=self.batches, queues=self.queues, clock=self.clock, pace=self.pace)
            for part in PARTS
        ]
        return [*(part.chunks(run) for part in parts), self.windows.chunks(run)]


def _next_chunk(chunks: Iterator[None], run: ReconcileRun) -> bool:
    """Do the next chunk of one kind of work. Returns whether there may be more."""
    with run.isolated("work"):
        return next(chunks, END) is not END
    return False
