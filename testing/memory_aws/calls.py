"""Every call of a client passes here: it is counted, and a test may interpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")
Interpose = Callable[[str, Callable[[], Any]], Any]
PARTIAL = frozenset({"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "sqs:SendMessageBatch"})


@dataclass
class Usage:
    """What was asked of AWS: calls by operation, and DynamoDB's capacity units."""

    calls: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Part:
    """A partial answer: of the entries of a call, every `nth` is left undone, the first of them included.

    `sender_fault` says that SQS refuses those entries because of what is in them.
    """

    nth: int = 2
    sender_fault: bool = False

    def split(self, entries: Sequence[T]) -> tuple[list[T], list[T]]:
        """What is done, and what is left."""
        left = [*entries[:: self.nth]]
        return [entry for place, entry in enumerate(entries) if place % self.nth], left


class Calls:
    """All calls pass `call`: it counts them, and hands each to `interpose` if that is set.

    `interpose` may also set `part` for the one call that it lets through: `BatchGetItem`, `BatchWriteItem` and
    `SendMessageBatch` (`PARTIAL`) then do a part of what they are asked.
    """

    def __init__(self, clock: Callable[[], datetime], *, metered: bool = True) -> None:
        self.clock = clock
        self.metered = metered  # whether capacity units are counted
        self.usage = Usage()
        self.interpose: Interpose | None = None
        self.part: Part | None = None

    def call(self, name: str, work: Callable[[], T]) -> T:
        """The answer to a call named `service:Operation`, of which `work` is what AWS does."""
        self.usage.calls[name] += 1
        if self.interpose is None:
            return work()
        try:
            answer: T = self.interpose(name, work)
        finally:
            self.part = None
        return answer

    def split(self, entries: Sequence[T]) -> tuple[list[T], list[T]]:
        """The entries of a call that are done, and those that are left."""
        return self.part.split(entries) if self.part else ([*entries], [])
