"""What a message to a thousand takes of AWS, to the call."""

from __future__ import annotations

from collections.abc import Iterator

from bench.counts import measure
from bench.harness.deployment import Cost
from tests.frozen.snapshot import compare


def test_a_message_to_a_thousand_takes_the_same_calls_and_capacity_units() -> None:
    limited, unlimited = measure(1_000)
    compare("counts.txt", [*_lines("limited", limited), *_lines("unlimited", unlimited)])


def _lines(name: str, cost: Cost) -> Iterator[str]:
    yield f"{name}: {cost.usage.calls.total()} calls, {cost.write_units:.3f} write units a delivery"
    yield f"    {cost.post_calls} calls of the POST, {cost.invocations} invocations of workers, {cost.events} events"
    for what, counted in (
        ("calls of", cost.usage.calls),
        ("write units of", cost.usage.write_units),
        ("read units of", cost.usage.read_units),
    ):
        yield from (f"    {what} {name}: {count:g}" for name, count in sorted(counted.items()))
