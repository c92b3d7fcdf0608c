"""`make faults`: every single fault, pairs and triples of smaller scenarios, a thousand runs of the state machine.

Tells what each scenario came to, and ends with one line of JSON. Fails where anybody was lost, sent to twice without
an explanation, or ended otherwise than promised. The triples of some scenarios are a sample; `python -m tests.faults
--all` plays all of them, which takes longer.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed

from hypothesis.stateful import run_state_machine_as_test

from tests.faults.exploration import Exploration, Tally
from tests.faults.machine import Promises, pace
from tests.faults.scenarios import LATER, LONG, SCENARIOS, SMALL, TO_FEW, Scenario, small_pages

# The longest ones begin first, so that all processes end at about the same time.
PLAYED = (*LONG, *sorted((*TO_FEW, *SMALL, *LATER, *SCENARIOS), key=lambda scenario: scenario.faults, reverse=True))
KINDS = ("single", "pairs", "triples")
EXAMPLES = 1_000  # of the state machine, fifty steps each


def explore(place: int, all_triples: bool) -> tuple[Mapping[str, Tally], float]:
    """By kind what became of everybody in one scenario, and the CPU seconds that it took.

    It goes level by level: from the moments after one fault to those after two, and from there to those after three.
    """
    began = time.process_time()
    gc.collect()  # what the scenario before has left
    scenario = PLAYED[place]
    kinds = KINDS[: scenario.faults]
    tallies = {}
    with small_pages():
        exploration = Exploration(scenario)
        leads = [exploration.start]
        for kind in kinds[:-1]:
            leads = exploration.faults(leads)
            tallies[kind] = exploration.tally(leads)
            if kind == "pairs" and not all_triples:
                leads = leads[:: scenario.third_from]
        tallies[kinds[-1]] = exploration.tally_of_faults(leads)
    return tallies, time.process_time() - began


def tell(scenario: Scenario, tallies: Mapping[str, Tally], seconds: float) -> None:
    """One scenario's figures, and the CPU seconds that they took."""
    for kind, tally in tallies.items():
        name = f"{scenario.name} ({len(scenario.users)} users), {kind}"
        print(
            f"{name:55} {tally.schedules:11,} schedules, {tally.lost} lost, {tally.duplicates:,} duplicates, "
            f"{tally.unexplained} unexplained, {tally.wrong} wrong",
            file=sys.stderr,
        )
    print(f"  {seconds:.0f} s", file=sys.stderr, flush=True)


def no_garbage() -> None:
    """Next to nothing that is made here is in a cycle: to look for some seldom saves a twelfth of the time."""
    gc.set_threshold(200_000, 20, 20)


def machine() -> tuple[str | None, float]:
    """What the state machine found, if anything: steps that break a promise. And the CPU seconds that it took."""
    began = time.process_time()
    try:
        run_state_machine_as_test(Promises, settings=pace(EXAMPLES))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the steps that led to it
        return "\n".join([repr(error), *getattr(error, "__notes__", ())]), time.process_time() - began
    return None, time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="all triples, without a sample")
    all_triples = parser.parse_args().all
    totals = {kind: Tally() for kind in KINDS}
    with ProcessPoolExecutor(max_workers=os.cpu_count(), initializer=no_garbage) as pool:
        promises = pool.submit(machine)
        running = {pool.submit(explore, place, all_triples): scenario for place, scenario in enumerate(PLAYED)}
        for done in as_completed(running):
            tallies, seconds = done.result()
            tell(running[done], tallies, seconds)
            for kind, tally in tallies.items():
                totals[kind] += tally
        broken, seconds = promises.result()
    print(f"state machine, {EXAMPLES:,} runs: {broken or 'every promise held'}; {seconds:.0f} s", file=sys.stderr)
    total = sum(totals.values(), Tally())
    for example in total.examples:
        print(example, file=sys.stderr)
    line = {kind: tally.schedules for kind, tally in totals.items()}
    line |= {"lost": total.lost, "duplicates": total.duplicates, "unexplained": total.unexplained}
    print(json.dumps(line | {"hold_duplicates": total.hold_duplicates}))
    return 1 if total.bad or broken else 0


if __name__ == "__main__":
    sys.exit(main())
