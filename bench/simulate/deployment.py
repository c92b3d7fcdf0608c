"""A simulated deployment. Shards, pages, batches and queues are Fanfare's. The limits of AWS are data, with sources.

The costs of a page and a batch come from bench/results/latest.json. Times are simulated and the same in every run.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import simpy
from fanfare.pipeline.backoff import SOON

from bench import results

BATCH: Final = 50  # recipients
COPIES_AN_EVENT: Final = 10  # batches per invocation of a worker
PAGE: Final = {"limited": 90, "unlimited": 2_000}  # recipients per transaction: each counter is an item
TURN_SECONDS: Final = 30.0  # seconds of a fan-out job until it continues in a new job
CALL_SECONDS: Final = 0.008  # seconds of a call to DynamoDB or SQS within the region
QUEUE_CPU: Final = 0.001  # seconds of a deferred batch that the reconciler queues: a write, and a tenth of a send
RECONCILE: Final = (50.0, 10.0)  # seconds that a run of the reconciler works, and until the next begins
SES_CALL_SECONDS: Final = 0.3  # seconds of a SendBulkEmail with 50 entries
STEP: Final = 0.25  # seconds between two polls of a queue


@dataclass(frozen=True)
class Account:
    """Limits of the AWS account and settings of the deployment. All can be raised."""

    ses_per_second: float = 500.0  # granted on request; a new account has 14 or less
    max_concurrency: int = 10  # setting max_concurrency: concurrent functions per queue
    concurrency_per_minute: float = 300.0  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    first_concurrency: int = 5
    partition_writes: float = 1_000.0  # units per second of a partition; the batches of a shard share one
    table_writes: float = (
        4_000.0  # initial throughput of an on-demand table without warm throughput; doubles in half an hour
    )
    vcpus: float = 0.29  # cores of a function with 512 MB; with 1,769 MB it has one
    fair: bool = True  # whether queue messages have their message's group id (fair queues)


@dataclass(frozen=True)
class Costs:
    """Measured costs per recipient."""

    fan_out_cpu: float
    deliver_cpu: float
    writes_by_table: Mapping[str, float]

    @classmethod
    def read(cls, kind: str) -> Costs:
        size = results.latest()["growth"]["sizes"][-1][kind]
        cpu, writes = size["own_cpu_s_per_1000_by_function"], defaultdict[str, float](float)
        for name, units in size["write_units_per_1000_by_table"].items():
            writes[name.partition(".")[0]] += units / 1000
        return cls(cpu["fan_out"] / 1000, cpu["deliver"] / 1000, writes)


@dataclass
class Posted:
    """The progress of one message. `send_at`: chosen before this time, to be sent from then on."""

    name: str
    recipients: int
    shards: int
    at: float = 0.0
    send_at: float = 0.0
    deferred: list[tuple[int, int]] = field(default_factory=list)  # batches: shard and size
    fanned_out: float = 0.0
    done: float = 0.0
    sent: int = 0
    shards_left: int = 0


class Bucket:
    """A rate limiter with `rate` units per second. Records the total waiting time."""

    def __init__(self, world: simpy.Environment, rate: float) -> None:
        self.world, self.rate, self.free, self.waited = world, rate, 0.0, 0.0

    def take(self, units: float) -> Generator[simpy.Event, Any, None]:
        begin = max(self.world.now, self.free)
        self.free = begin + units / self.rate
        self.waited += begin - self.world.now
        yield self.world.timeout(self.free - self.world.now)


@dataclass
class Queue:
    """A queue that picks the oldest job or, with fair queues, a job of the quietest message.

    A message is noisy if it has more than a tenth of the jobs in flight and at least thirty, or uses more than a tenth
    of the workers' time. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
    """

    fair: bool
    waiting: dict[str, deque[tuple[float, Any]]] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def put(self, group: str, now: float, copy: Any) -> None:
        self.waiting.setdefault(group, deque()).append((now, copy))

    def take(self, limit: int) -> list[tuple[str, Any]]:
        taken: list[tuple[str, Any]] = []
        while len(taken) < limit and (groups := [group for group, copies in self.waiting.items() if copies]):
            group = min(groups, key=self._rank)
            taken.append((group, self.waiting[group].popleft()[1]))
            self.in_flight[group] += 1
        return taken

    def _rank(self, group: str) -> tuple[bool, float, float]:
        oldest = self.waiting[group][0][0]
        if not self.fair or not self._noisy(group):
            return (False, oldest, 0)
        return (True, self.in_flight[group], oldest)

    def _noisy(self, group: str) -> bool:
        flying, total = self.in_flight[group], self.in_flight.total()
        worked = sum(self.seconds.values())
        return (flying >= 30 and flying > total / 10) or (worked > 0 and self.seconds[group] > worked / 10)

    def settle(self, group: str, seconds: float) -> None:
        self.in_flight[group] -= 1
        self.seconds[group] += seconds


class Deployment:
    """Two queues, their workers, and the shared limits."""

    def __init__(self, account: Account, costs: Costs, kind: str) -> None:
        self.account, self.costs, self.kind = account, costs, kind
        self.world = simpy.Environment()
        self.fan_outs, self.batches = Queue(account.fair), Queue(account.fair)
        self.ses = Bucket(self.world, account.ses_per_second)
        self.tables = {name: Bucket(self.world, account.table_writes) for name in costs.writes_by_table}
        self.partitions: dict[tuple[str, int], Bucket] = {}
        self.posted: list[Posted] = []
        self.seconds: defaultdict[str, float] = defaultdict(float)  # seconds of all workers together, by activity
        self.world.process(self._source(self.fan_outs, 1, self._fan_out))
        self.world.process(self._source(self.batches, COPIES_AN_EVENT, self._deliver))

    def post(self, message: Posted) -> None:
        self.posted.append(message)
        self.world.process(self._post(message))

    def _post(self, message: Posted) -> Generator[simpy.Event, Any, None]:
        yield self.world.timeout(message.at)
        if message.send_at:
            self.world.process(self._reconcile(message))
        message.shards_left = message.shards
        for shard in range(message.shards):
            own = message.recipients // message.shards + (shard < message.recipients % message.shards)
            self.fan_outs.put(message.name, self.world.now, (message, shard, own))

    def _reconcile(self, message: Posted) -> Generator[simpy.Event, Any, None]:
        """Queue deferred batches, from a minute before their time on."""
        works, pauses = RECONCILE
        yield self.world.timeout(message.send_at - SOON.total_seconds())
        began = self.world.now
        for shard, size in message.deferred:
            yield self.world.timeout(1.1 * CALL_SECONDS + QUEUE_CPU / self.account.vcpus)
            self.world.process(self._at(message, shard, size))
            if self.world.now - began > works:
                yield self.world.timeout(pauses)
                began = self.world.now

    def _at(self, message: Posted, shard: int, size: int) -> Generator[simpy.Event, Any, None]:
        """A job with a delay."""
        yield self.world.timeout(max(0.0, message.send_at - self.world.now))
        self.batches.put(message.name, self.world.now, (message, shard, size))

    def run(self) -> None:
        """Run until all recipients are sent to."""
        while not all(message.done for message in self.posted):
            self.world.run(until=self.world.now + 5)

    def _source(
        self, queue: Queue, limit: int, work: Callable[[list[tuple[str, Any]]], Generator[simpy.Event, Any, None]]
    ) -> Generator[simpy.Event, Any, None]:
        """Lambda's event source: adds workers over time up to the limit."""
        busy: set[simpy.Process] = set()
        began: float | None = None
        while True:
            busy = {each for each in busy if each.is_alive}
            if any(queue.waiting.values()) and began is None:
                began = self.world.now
            grown = (self.world.now - began) * self.account.concurrency_per_minute / 60 if began is not None else 0
            allowed = min(self.account.max_concurrency, self.account.first_concurrency + int(grown))
            while len(busy) < allowed and (taken := queue.take(limit)):
                busy.add(self.world.process(work(taken)))
            yield self.world.timeout(STEP)

    def _write(self, table: str, units: float, message: Posted, shard: int) -> Generator[simpy.Event, Any, None]:
        """Units of a table. Those of batches and messages are in the partition of a shard."""
        began = self.world.now
        if table in {"batches", "messages"}:
            key = (message.name + table, shard)
            bucket = self.partitions.setdefault(key, Bucket(self.world, self.account.partition_writes))
            yield from bucket.take(units)
        yield from self.tables[table].take(units)
        self.seconds[f"writes of {table}"] += self.world.now - began

    def _think(self, cpu: float, what: str) -> Generator[simpy.Event, Any, None]:
        yield self.world.timeout(cpu / self.account.vcpus)
        self.seconds[what] += cpu / self.account.vcpus

    def _fan_out(self, taken: list[tuple[str, Any]]) -> Generator[simpy.Event, Any, None]:
        ((group, (message, shard, left)),) = taken
        began = self.world.now
        while left and self.world.now - began < TURN_SECONDS:
            page = min(left, PAGE[self.kind])
            yield from self._think(page * self.costs.fan_out_cpu, "fan-out CPU")
            yield self.world.timeout(4 * CALL_SECONDS)
            # half of the cost of batches and messages is opening them; the cost of the audience is the counters
            for table, share in (("batches", 0.5), ("messages", 1.0), ("audience", 1.0)):
                units = page * share * self.costs.writes_by_table.get(table, 0)
                if units:
                    yield from self._write(table, units, message, shard)
            left -= page
            sizes = [min(BATCH, page - first) for first in range(0, page, BATCH)]
            if message.send_at > self.world.now:
                message.deferred += [(shard, size) for size in sizes]
                continue
            for size in sizes:
                self.batches.put(message.name, self.world.now, (message, shard, size))
        self.fan_outs.settle(group, self.world.now - began)
        if left:
            self.fan_outs.put(message.name, self.world.now, (message, shard, left))
            return
        message.shards_left -= 1
        if not message.shards_left:
            message.fanned_out = self.world.now

    def _deliver(self, taken: list[tuple[str, Any]]) -> Generator[simpy.Event, Any, None]:
        for group, (message, shard, size) in taken:
            began = self.world.now
            yield from self._think(size * self.costs.deliver_cpu, "deliver CPU")
            yield from self.ses.take(size)
            self.seconds["SES rate"] += self.world.now - began - size * self.costs.deliver_cpu / self.account.vcpus
            yield self.world.timeout(SES_CALL_SECONDS + 4 * CALL_SECONDS)
            self.seconds["SES and AWS calls"] += SES_CALL_SECONDS + 4 * CALL_SECONDS
            yield from self._write("deliveries", size * self.costs.writes_by_table["deliveries"], message, shard)
            yield from self._write("batches", size * self.costs.writes_by_table["batches"] / 2, message, shard)
            message.sent += size
            if message.sent == message.recipients:
                message.done = self.world.now
            self.batches.settle(group, self.world.now - began)
