"""What a message to one named person costs: posted to a warm deployment, alone or with nine others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.domain.lifecycle import State

from bench.harness.deployment import LIMIT, NOW, Bench
from testing.memory_aws.calls import Usage

WARM: Final = "user-0000000"  # gets a message first, which is not measured
TOGETHER: Final = 10
CALL_SECONDS, PROVIDER_SECONDS = 0.01, 0.1  # assumed: how long a call takes, so that the clock moves
WITHOUT_TOPIC: Final[Mapping[str, Any]] = {"channels": ["email"]}
TOPIC: Final[Mapping[str, Any]] = {"topic": "orders"}
BUDGETS: Final = {
    "aws_calls": 9.0,
    "write_units": 13.0,
    "write_units_limited": 17.0,
    "aws_calls_ten_an_event": 4.0,
    "aws_calls_on_64_shards": 9.0,
}


@dataclass(frozen=True)
class OneCost:
    """The cost of some messages, each to one person."""

    number: int
    usage: Usage
    invocations: int  # of the workers
    events: int  # entries put on the bus
    cpu: float  # seconds

    @property
    def aws_calls(self) -> float:
        """Calls per message."""
        return round(self.usage.calls.total() / self.number, 2)

    @property
    def write_units(self) -> float:
        """Write units per message."""
        return round(sum(self.usage.write_units.values()) / self.number, 2)

    @property
    def cpu_ms(self) -> float:
        """Own CPU per message, in milliseconds."""
        return round(self.cpu * 1_000 / self.number, 2)


class ToOne(Bench):
    """A warm deployment. Its clock moves with each call of AWS."""

    def __init__(self, *, limit: Mapping[str, Any] | None = None, shards: int = 1) -> None:
        self.now = NOW
        super().__init__(TOGETHER + 1, limit=dict(limit) if limit else None, shards=shards)
        self.memory.interpose = self._taking_time

    def clock(self) -> datetime:
        return self.now

    def _taking_time(self, name: str, work: Callable[[], Any]) -> Any:
        self.now += timedelta(seconds=PROVIDER_SECONDS if name.startswith("sesv2:") else CALL_SECONDS)
        return work()

    def cost(self, fields: Mapping[str, Any], *, number: int = 1) -> OneCost:
        """The cost of `number` messages whose batches come in one event. A first message is not counted."""
        self._sent([WARM], fields)
        self.memory.usage = Usage()
        self.cpu.clear()
        self.invocations = self.aws.events = 0
        people = [f"user-{place:07d}" for place in range(1, number + 1)]
        self._sent(people, fields)
        return OneCost(number, self.memory.usage, self.invocations, self.aws.events, sum(self.cpu.values()))

    def _sent(self, people: Sequence[str], fields: Mapping[str, Any]) -> None:
        posted = [self.post({**fields, "recipients": [user]}, key=user) for user in people]
        self.work_off()
        used, self.memory.usage = self.memory.usage, Usage()  # what follows is not counted
        states = {message.state for message in map(self.messages.get, posted) if message is not None}
        self.memory.usage = used
        if states != {State.SENT}:
            raise AssertionError(f"messages ended {states}")


def measure_one(*, times: int = 1) -> dict[str, float]:
    """The figures of a message to one person. CPU is the minimum of `times` runs."""
    one = cost_of_one(limited=False)
    ten = [ToOne().cost(WITHOUT_TOPIC, number=TOGETHER) for _ in range(times)]
    return {
        "aws_calls": one.aws_calls,
        "write_units": one.write_units,
        "write_units_limited": cost_of_one(limited=True).write_units,
        "aws_calls_ten_an_event": ten[0].aws_calls,
        "own_cpu_ms_ten_an_event": min(each.cpu_ms for each in ten),
        "aws_calls_on_64_shards": ToOne(shards=64).cost(TOPIC).aws_calls,
    }


def cost_of_one(*, limited: bool) -> OneCost:
    """The cost of a message to one person: without a topic, or with a topic that can be left, and a limit."""
    return ToOne(limit=LIMIT).cost(TOPIC) if limited else ToOne().cost(WITHOUT_TOPIC)


def exceeded_by_one(figures: Mapping[str, float]) -> list[str]:
    """The exceeded budgets. Without CPU, because load on the machine must not fail the counts."""
    return [
        f"one: {name}: {figures[name]}; the budget is {most}" for name, most in BUDGETS.items() if figures[name] > most
    ]
