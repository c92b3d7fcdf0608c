"""`make faults`: every single fault, every pair, and a seeded sample of triples. Ends with one line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

from tests.faults.enumeration import Schedule, Tally, calls, pairs, play, singles, triples
from tests.faults.scenarios import SCENARIOS, SMALL, Scenario, small_pages

SEED = 20270101
SHARES = 32  # pieces that the work of one scenario is cut into

# What a share of the work is: (kind, place of the scenario, number of the share, triples of the scenario)
Share = tuple[str, int, int, int]


def schedules_of(kind: str) -> tuple[Scenario, ...]:
    return SCENARIOS if kind == "single" else SMALL


def work(share: Share) -> tuple[str, Tally]:
    """One share, in a process of its own."""
    kind, place, number, count = share
    scenario = schedules_of(kind)[place]
    with small_pages():
        made = calls(scenario)
        schedules: Iterable[Schedule]
        if kind == "single":
            schedules = islice(singles(made), number, None, SHARES)
        elif kind == "pairs":
            schedules = islice(pairs(made), number, None, SHARES)
        else:
            schedules = triples(made, number=count // SHARES, seed=SEED + number)
        return kind, play(scenario, schedules)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triples", type=int, default=102_000, help="how many to draw")
    drawn = parser.parse_args().triples
    each = -(-drawn // len(SMALL) // SHARES) * SHARES
    shares = [
        (kind, place, number, each)
        for kind in ("single", "pairs", "triples")
        for place in range(len(schedules_of(kind)))
        for number in range(SHARES)
    ]
    totals = {"single": Tally(), "pairs": Tally(), "triples": Tally()}
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done, (kind, tally) in enumerate(pool.map(work, shares), start=1):
            totals[kind] += tally
            if sys.stderr.isatty() or done % SHARES == 0:
                print(f"\r{done} of {len(shares)} shares", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    total = sum(totals.values(), Tally())
    for example in total.examples:
        print(example, file=sys.stderr)
    line = {kind: tally.schedules for kind, tally in totals.items()}
    line |= {"lost": total.lost, "duplicates": total.duplicates, "unexplained": total.unexplained}
    print(json.dumps(line | {"hold_duplicates": total.hold_duplicates}))
    return 1 if total.bad else 0


if __name__ == "__main__":
    sys.exit(main())
