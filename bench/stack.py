"""Latency of POST, throughput, and how long a small message waits behind a large one, on the local stack:
`make bench-stack`.

Seconds depend on this machine, where the emulator and all functions share the cores; they do not apply to AWS. The
ratios do: a POST compared to the cheapest request of the same API, and a small message behind a large one compared to a
small message alone.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from rich.table import Table

from bench import results
from local.api import Api
from local.demo import job
from local.demo.audience import Person, PersonKind
from local.run import guarded
from local.stack import Stack
from tools.processes import StepFailed
from tools.progress import console, step

RECIPIENTS: Final = 2_000
POSTS: Final = 200
AT_ONCE: Final = 8
FEW: Final = 5
SMALL_ONES: Final = 5
SECONDS: Final = 600
NOBODY_TOPIC, FEW_TOPIC, ALL_TOPIC = "bench.nobody", "bench.few", "bench.all"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=RECIPIENTS)
    parser.add_argument("--posts", type=int, default=POSTS)
    arguments = parser.parse_args()
    measure(arguments.recipients, arguments.posts)
    return 0


def measure(recipients: int = RECIPIENTS, posts: int = POSTS) -> None:
    """Run on a new stack; store and print the results."""
    with Stack() as stack:
        api = Api(stack.described["internal_url"], stack.described["service"])
        found = figures(api, recipients, posts)
        with step("Waiting for the receipts"):
            job.wait_for_receipts(stack, seconds=SECONDS, note=_silent)
    results.keep("stack", found)
    console.print(_table(found))


def figures(api: Api, recipients: int, posts: int) -> dict[str, Any]:
    """All measurements, on a running stack with the client `api`."""
    with step(f"Creating {recipients:,} users and three topics"):
        _prepare(api, recipients)
    with step("Warming up: the emulator needs half a minute to start eight instances of a function"):
        _at_once(api, AT_ONCE)
    with step(f"{posts} messages without recipients, sequentially, each with a cheap request for comparison"):
        accepted, cheap = _one_by_one(api, posts)
    with step(f"{posts} messages without recipients, {AT_ONCE} concurrently"):
        at_once = _at_once(api, posts)
    with step(f"{SMALL_ONES} messages to {FEW} users, each alone"):
        alone = statistics.median(_seconds_until_sent(api, job.submit(api, FEW_TOPIC)) for _ in range(SMALL_ONES))
    with step(f"A message to {recipients:,} users, followed by one to {FEW}"):
        began = time.monotonic()
        large = job.submit(api, ALL_TOPIC)
        behind = _seconds_until_sent(api, job.submit(api, FEW_TOPIC))
        _seconds_until_sent(api, large)
        whole = time.monotonic() - began
    return {
        "what_is_measured": "this machine and the emulator on it; ratios carry over, seconds do not",
        "recipients": recipients,
        "post_ms": spread(accepted),
        "cheap_request_ms": spread(cheap),
        "post_times_a_cheap_request": round(statistics.median(accepted) / statistics.median(cheap), 2),
        f"post_ms_{AT_ONCE}_at_once": spread(at_once),
        "deliveries_per_second": round(recipients / whole, 1),
        "fair_share": {
            "small": FEW,
            "small_alone_s": round(alone, 2),
            "small_behind_large_s": round(behind, 2),
            "large_s": round(whole, 2),
        },
    }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(cuts[49] * 1_000, 1), "p99": round(cuts[98] * 1_000, 1)}


def _prepare(api: Api, recipients: int) -> None:
    people = [
        Person(
            f"bench-{number:05}", PersonKind.REACHABLE, {"name": f"User {number}", "email": f"u{number}@example.com"}
        )
        for number in range(recipients)
    ]
    for topic in (NOBODY_TOPIC, FEW_TOPIC, ALL_TOPIC):
        job.put_topic(api, topic)
    job.put_template(api)
    job.store_users(api, people, _silent)
    job.subscribe(api, people, _silent, ALL_TOPIC)
    job.subscribe(api, people[:FEW], _silent, FEW_TOPIC)


def _one_by_one(api: Api, posts: int) -> tuple[list[float], list[float]]:
    """Seconds of each POST and of a request that reads one item, alternating."""
    accepted, cheap = [], []
    for _ in range(posts):
        accepted.append(_timed(lambda: job.submit(api, NOBODY_TOPIC)))
        cheap.append(_timed(lambda: api.expect(200, "GET", f"/v1/topics/{NOBODY_TOPIC}")))
    return accepted, cheap


def _at_once(api: Api, posts: int) -> list[float]:
    with ThreadPoolExecutor(AT_ONCE) as callers:
        return list(callers.map(lambda _: _timed(lambda: job.submit(api, NOBODY_TOPIC)), range(posts)))


def _timed(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def _seconds_until_sent(api: Api, message_id: str) -> float:
    """Seconds from now until the message is sent. Raises StepFailed if a recipient was not sent to."""
    began = time.monotonic()
    message = job.wait_for_rest(api, message_id, seconds=SECONDS, note=_silent, every=0.1)
    if message["state"] != "sent":
        raise StepFailed(f"Message {message_id} is not sent but {message['state']}: {message['counts']}")
    return time.monotonic() - began


def _silent(_: str) -> None:
    """Discard progress notes."""


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {part}", str(each)) for part, each in value.items())
        else:
            yield name, str(value)


def _table(found: Mapping[str, Any]) -> Table:
    table = Table(title="On the local stack", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for row in _rows(found):
        table.add_row(*row)
    return table


if __name__ == "__main__":
    sys.exit(guarded(main))
