"""What digests take: a message's item in a window that it opens, in one that is open, and closing with the mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.domain.catalogue import Topic
from fanfare.domain.lifecycle import State
from fanfare.pipeline.reconcile.due_windows import CloseWindows
from fanfare.pipeline.reconcile.run import ReconcileRun

from bench.harness.deployment import NOW, PACE, Bench
from testing.memory_aws.calls import Usage

SECONDS: Final = 60
DIGEST: Final[Mapping[str, Any]] = {
    "template": {"id": "orders-digest"},
    "every": {"seconds": SECONDS},
    "items": 100,
    "day": "mon",
}
TEMPLATE: Final = {
    "channels": {
        "email": {
            "subject": "{{ data.count }} orders",
            "text": "{% for item in data['items'] %}{{ item.data.order }} {% endfor %}",
        }
    }
}
BUDGETS: Final = {"write_units_first": 8.5, "write_units_next": 4.5, "write_units_closing": 5.0}


@dataclass(frozen=True)
class DigestCost:
    """What a part took, for all readers."""

    readers: int
    usage: Usage
    invocations: int  # of fan-out and workers
    events: int  # entries put on the bus

    @property
    def write_units(self) -> float:
        """Write units per reader."""
        return round(sum(self.usage.write_units.values()) / self.readers, 3)


class Gathering(Bench):
    """A topic whose readers get digests. Its clock moves between messages."""

    def __init__(self, readers: int) -> None:
        self.now = NOW
        super().__init__(readers, limit=None)
        every: dict[str, Any] = {"frequencies": ("digest",), "frequency": "digest", "digest": DIGEST}
        self.catalogue.put_topic(
            Topic(id="orders", title="Orders", channels=("email",), created_at="", updated_at="", **every)
        )
        self.catalogue.add_version("orders-digest", TEMPLATE, created_at="")

    def clock(self) -> datetime:
        return self.now

    def item(self, key: str) -> DigestCost:
        """Post a message, which goes into a window of each reader."""
        self._begin()
        message = self.post({"topic": "orders"}, key=key)
        self.work_off()
        found = self._taken()
        known = self.messages.get(message)
        if known is None or known.state is not State.SENT or self.aws.sent:
            raise AssertionError(f"{self.aws.sent} sent; {known and known.state}")
        return found

    def closing(self) -> DigestCost:
        """Close the windows and send the digest."""
        self._begin(seconds=SECONDS)
        closing = CloseWindows(
            windows=self.windows,
            messages=self.messages,
            batches=self.batches,
            catalogue=self.catalogue,
            queues=self.queues,
            clock=self.clock,
            stale_after=PACE.stale_after,
            retention=timedelta(days=30),
            sender="The Shop",
        )
        for _ in closing.chunks(ReconcileRun(time_left=lambda: 55.0)):
            self.work_off()
        if self.aws.sent != self.recipients:
            raise AssertionError(f"{self.aws.sent} of {self.recipients} sent")
        return self._taken()

    def _begin(self, *, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)
        self.memory.usage = Usage()
        self.invocations = self.aws.events = 0

    def _taken(self) -> DigestCost:
        self.events.flush()
        return DigestCost(self.recipients, self.memory.usage, self.invocations, self.aws.events)


def parts(readers: int) -> tuple[DigestCost, DigestCost, DigestCost]:
    """What the first item of a window, the next, and closing take."""
    bench = Gathering(readers)
    return bench.item("one"), bench.item("two"), bench.closing()


def measure_digests(readers: int = 200) -> dict[str, float]:
    """Write units per reader."""
    return dict(zip(BUDGETS, (each.write_units for each in parts(readers)), strict=True))


def exceeded_by_digests(figures: Mapping[str, float]) -> list[str]:
    """The exceeded budgets."""
    return [
        f"digests: {name}: {figures[name]}; the budget is {most}"
        for name, most in BUDGETS.items()
        if figures[name] > most
    ]
