"""`make faults`: every single fault, pairs and triples of smaller scenarios, a thousand runs of the state machine.

Tells what each scenario came to, and ends with one line of JSON. Fails where anybody was lost, sent to twice without
an explanation, or ended otherwise than promised. The triples of some scenarios are a sample; `python -m tests.faults
--all` plays all of them, in twice the time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain, islice

from hypothesis.stateful import run_state_machine_as_test

from tests.faults.exploration import Exploration, Lead, Tally, merged
from tests.faults.machine import Promises, pace
from tests.faults.scenarios import LATER, LONG, SCENARIOS, SMALL, TO_FEW, Scenario, small_pages

PLAYED = (*SCENARIOS, *TO_FEW, *LATER, *SMALL, *LONG)
LAST = range(len(PLAYED) - len(LONG), len(PLAYED))
KINDS = ("single", "pairs", "triples")
EXAMPLES = 1_000  # of the state machine, fifty steps each
TOGETHER = {"single": 1, "pairs": 8, "triples": 8}  # moments that a process takes at once


@cache
def exploration(place: int) -> Exploration:
    """One in each process: it remembers what it has come by."""
    return Exploration(PLAYED[place])


def spread(place: int, leads: Sequence[Lead], further: bool) -> tuple[Tally, list[Lead], float]:
    """What becomes of the moments one fault after these; to go `further`, the moments themselves; and the CPU time."""
    began = time.process_time()
    with small_pages():
        explored = exploration(place)
        after = explored.faults(leads)
        tally = explored.tally(after)
    return tally, after if further else [], time.process_time() - began


def shares(leads: Sequence[Lead], size: int) -> Iterator[list[Lead]]:
    rest = iter(leads)
    while share := list(islice(rest, size)):
        yield share


def explore(pool: ProcessPoolExecutor, place: int, totals: dict[str, Tally], *, all_triples: bool) -> None:
    """Level by level: from the moments after one fault to those after two, and from there to those after three."""
    scenario = PLAYED[place]
    kinds = KINDS[: scenario.faults]
    leads = [exploration(place).start]
    for kind in kinds:
        cut = list(shares(leads, TOGETHER[kind]))
        further = kind != kinds[-1]
        tally, found, seconds = Tally(), [], 0.0
        for some, after, took in pool.map(spread, [place] * len(cut), cut, [further] * len(cut)):
            tally += some
            found.append(after)
            seconds += took
        totals[kind] += tally
        leads = merged(chain.from_iterable(found))
        if kind == "pairs" and not all_triples:
            leads = leads[:: scenario.third_from]
        tell(scenario, kind, tally, seconds)


def tell(scenario: Scenario, kind: str, tally: Tally, seconds: float) -> None:
    """One scenario's figures, and the CPU seconds that they took."""
    name = f"{scenario.name} ({len(scenario.users)} users), {kind}"
    print(
        f"{name:32} {tally.schedules:12,} schedules, {tally.lost} lost, {tally.duplicates:,} duplicates, "
        f"{tally.unexplained} unexplained, {tally.wrong} wrong; {seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def machine() -> str | None:
    """What the state machine found, if anything: steps that break a promise."""
    try:
        run_state_machine_as_test(Promises, settings=pace(EXAMPLES))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the steps that led to it
        return "\n".join([repr(error), *getattr(error, "__notes__", ())])
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="all triples, without a sample")
    all_triples = parser.parse_args().all
    totals = {kind: Tally() for kind in KINDS}
    with small_pages(), ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        # what can't be shared out begins first
        long = {place: pool.submit(spread, place, [exploration(place).start], False) for place in LAST}
        promises = pool.submit(machine)
        for place in range(len(PLAYED)):
            if place not in long:
                explore(pool, place, totals, all_triples=all_triples)
        for place, played in long.items():
            tally, _, seconds = played.result()
            totals["single"] += tally
            tell(PLAYED[place], "single", tally, seconds)
        broken = promises.result()
    print(f"state machine, {EXAMPLES:,} runs: {broken or 'every promise held'}", file=sys.stderr)
    total = sum(totals.values(), Tally())
    for example in total.examples:
        print(example, file=sys.stderr)
    line = {kind: tally.schedules for kind, tally in totals.items()}
    line |= {"lost": total.lost, "duplicates": total.duplicates, "unexplained": total.unexplained}
    print(json.dumps(line | {"hold_duplicates": total.hold_duplicates}))
    return 1 if total.bad or broken else 0


if __name__ == "__main__":
    sys.exit(main())
