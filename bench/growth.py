"""The cost of a delivery by size of the audience. It should be constant."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.lifecycle import State
from fanfare.store.messages import Messages

from bench.harness.deployment import LIMIT, Bench, Cost
from bench.harness.functions import Functions
from local.demo import job

KINDS: Mapping[str, dict[str, Any] | None] = {"limited": LIMIT, "unlimited": None}
EVENT_SOURCE_BATCH = 10  # same as in infra/constructs/worker.py
TIMES = 3  # runs per message; the minimum CPU counts, because other load on the machine only adds time
WARM_UP = 100  # recipients of the warm-up message: imports, clients and templates belong to the cold start


@dataclass(frozen=True)
class Measured:
    """One message to `recipients` users."""

    cost: Cost
    peak_mb: Mapping[str, float]
    seconds: float

    def figures(self) -> dict[str, Any]:
        per_1000 = 1000 / self.cost.recipients
        return {
            **self.cost.summary(),
            "calls_per_1000_by_operation": _scaled(self.cost.usage.calls, per_1000, 2),
            "write_units_per_1000_by_table": _scaled(self.cost.usage.write_units, per_1000, 1),
            "read_units_per_1000_by_table": _scaled(self.cost.usage.read_units, per_1000, 1),
            "own_cpu_s_per_1000": round(self.cost.cpu_per_1000, 3),
            "own_cpu_s_per_1000_by_function": _scaled(self.cost.cpu, per_1000, 4),
            "post_aws_calls": self.cost.post_calls,
            "post_cpu_ms": round(self.cost.cpu["internal_api"] * 1000, 1),
            "peak_rss_mb_by_function": {name: round(peak) for name, peak in self.peak_mb.items()},
            "seconds": round(self.seconds, 1),
        }


def measured(recipients: int, kind: str) -> Measured:
    """The cost of one message; CPU is the minimum of several runs."""
    runs = [_measured(recipients, kind) for _ in range(TIMES)]
    return replace(runs[-1], cost=reduce(Cost.least, (run.cost for run in runs)))


def _measured(recipients: int, kind: str) -> Measured:
    """In warm processes."""
    with Functions("internal_api", "fan_out", "deliver") as functions:
        _send(functions, Bench(WARM_UP, limit=KINDS[kind]))
        for function in functions.all.values():
            function.forget()
        world = Bench(recipients, limit=KINDS[kind])
        began = time.monotonic()
        post_calls = _send(functions, world)
        seconds = time.monotonic() - began
        invocations = functions["fan_out"].invocations + functions["deliver"].invocations
        cpu = {code: function.cpu for code, function in functions.all.items()}
        peak = {code: function.peak_mb for code, function in functions.all.items()}
    cost = Cost(recipients, world.memory.usage, post_calls, invocations, world.aws.events, cpu)
    return Measured(cost, peak, seconds)


def _send(functions: Functions, world: Bench) -> int:
    """Post one message and process it. Returns the number of calls of the POST."""
    body = {"topic": "orders", "template": {"id": "order-shipped"}, "data": job.example()}
    message_id = functions.post(body, world.aws, key="one")
    post_calls: int = world.memory.usage.calls.total()
    while functions.work_off("fan_out", "fan_out", 1, world.aws) or functions.work_off(
        "email", "deliver", EVENT_SOURCE_BATCH, world.aws
    ):
        pass
    _check(world, message_id)
    return post_calls


def _check(world: Bench, message_id: str) -> None:
    """Check that every recipient has a mail and that the message is sent."""
    usage = copy.deepcopy(world.memory.usage)
    dynamodb: Any = world.memory.dynamodb
    found = Messages(DynamoTable(dynamodb, "messages")).get(message_id)
    world.memory.usage = usage  # this check must not count
    if found is None or found.state is not State.SENT or world.aws.sent != world.recipients:
        raise AssertionError(f"{world.aws.sent} of {world.recipients} mails sent; state {found and found.state}")


def _scaled(counted: Mapping[str, float], factor: float, digits: int) -> dict[str, float]:
    return {name: round(count * factor, digits) for name, count in sorted(counted.items()) if count}
