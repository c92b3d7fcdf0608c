"""What is simulated: one message, one with `send_at`, and a small one behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fanfare.pipeline.backoff import AHEAD

from bench.simulate.deployment import Account, Costs, Deployment, Posted

SMALL: Final = 100  # recipients of the message behind a huge one
BEHIND: Final = 60.0  # seconds between the two messages


def sent_in(account: Account, kind: str, recipients: int, shards: int) -> tuple[float, float, Mapping[str, float]]:
    """Seconds until all recipients are chosen and sent to, and the workers' time by activity."""
    at = Deployment(account, Costs.read(kind), kind)
    message = Posted("huge", recipients, shards)
    at.post(message)
    at.run()
    return message.fanned_out, message.done, at.seconds


def scheduled(account: Account, recipients: int, shards: int) -> tuple[float, float]:
    """Seconds that recipients of a message with `send_at` are chosen before it, and until all are sent to, after it."""
    at = Deployment(account, Costs.read("limited"), "limited")
    message = Posted("huge", recipients, shards, send_at=AHEAD.total_seconds())
    at.post(message)
    at.run()
    return message.send_at - message.fanned_out, message.done - message.send_at


def delayed(account: Account, costs: Costs, recipients: int, shards: int) -> float:
    """Seconds of a small message that is posted behind a huge one."""
    at = Deployment(account, costs, "limited")
    at.post(Posted("huge", recipients, shards))
    small = Posted("small", SMALL, 1, at=BEHIND)
    at.post(small)
    while not small.done:
        at.world.run(until=at.world.now + 5)
    return small.done - BEHIND


DEFAULT: Final = Account()
STEPS: Final[Mapping[str, tuple[Account, int]]] = {
    "as deployed: 10 workers, 1 shard": (DEFAULT, 1),
    "+ 16 shards": (DEFAULT, 16),
    "+ 100 workers": (replace(DEFAULT, max_concurrency=100), 16),
    "+ 1,769 MB": (replace(DEFAULT, max_concurrency=100, vcpus=1.0), 16),
    "+ SES 2,000 per second": (replace(DEFAULT, max_concurrency=100, vcpus=1.0, ses_per_second=2_000), 16),
    "+ SES 10,000 per second": (replace(DEFAULT, max_concurrency=400, vcpus=1.0, ses_per_second=10_000), 64),
    "+ tables warm for 40,000 writes": (
        replace(DEFAULT, max_concurrency=400, vcpus=1.0, ses_per_second=10_000, table_writes=40_000),
        64,
    ),
}
