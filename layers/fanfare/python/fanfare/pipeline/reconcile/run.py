"""The state of one run of the control loop."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime

from fanfare.data_classes import dataclass
from fanfare.errors import ConditionFailed

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ReconcileRun:
    """`done`: counts by kind of work. `oldest_due_seconds`: age of the most overdue item."""

    time_left: Callable[[], float]
    done: Counter[str] = field(default_factory=Counter)
    oldest_due_seconds: float = 0.0

    @property
    def out_of_time(self) -> bool:
        return self.time_left() < 0

    def late(self, since: datetime, now: datetime) -> None:
        """Note an item that was due at `since`."""
        self.oldest_due_seconds = max(self.oldest_due_seconds, (now - since).total_seconds())

    @contextmanager
    def isolated(self, kind: str, **logged: str) -> Iterator[None]:
        """Isolate an error: it is logged and counted as `reconcile_failed`, and the rest of the run continues."""
        try:
            yield
        except ConditionFailed:
            self.done[f"{kind}_moved_meanwhile"] += 1
        except Exception:
            self.done["reconcile_failed"] += 1
            log.exception("left to the next run", extra={"kind": kind, **logged})
