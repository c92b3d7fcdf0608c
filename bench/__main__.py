"""All benchmarks: cost and speed of a delivery, scaling, and comparison with other systems: `make bench`.

Results go to bench/results/latest.json and docs/performance.md. The exit status is 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from bench import budgets, imports, page, results, stack
from bench.growth import KINDS, measured
from bench.peers.__main__ import compare
from bench.peers.each import compare_each
from bench.plot import plot_cost
from local.run import guarded
from tools.progress import console, step

SIZES = (1_000, 10_000, 100_000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of recipients")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="only Fanfare")
    parser.add_argument("--no-stack", dest="stack", action="store_false", help="skip the local stack")
    arguments = parser.parse_args()
    measure_growth(arguments.sizes)
    if arguments.stack:
        stack.measure()
    if arguments.peers:
        compare()
        compare_each()
    imports.measure()
    page.main()
    return tell_budgets()


def measure_growth(sizes: Sequence[int]) -> None:
    found = []
    for recipients in sizes:
        size: dict[str, Any] = {"recipients": recipients}
        for kind in KINDS:
            with step(f"One message to {recipients:,}, {kind}"):
                size[kind] = measured(recipients, kind).figures()
        found.append(size)
        results.keep("growth", {"sizes": found})
        plot_cost(found)
    for kind in KINDS:
        console.print(_table(kind, found))


def _table(kind: str, sizes: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=f"Per 1,000 deliveries, {kind}", title_justify="left")
    table.add_column("")
    for size in sizes:
        table.add_column(f"to {size['recipients']:,}", justify="right")
    shown = [size[kind] for size in sizes]
    for title, part in (
        ("", "calls_per_1000_by_operation"),
        ("write units ", "write_units_per_1000_by_table"),
        ("read units ", "read_units_per_1000_by_table"),
        ("own CPU s ", "own_cpu_s_per_1000_by_function"),
        ("peak RSS MB ", "peak_rss_mb_by_function"),
    ):
        for name in sorted({name for figures in shown for name in figures[part]}):
            table.add_row(title + name, *(f"{figures[part].get(name, 0):,}" for figures in shown))
        table.add_section()
    table.add_row("all calls", *(f"{figures['aws_calls_per_1000']:,}" for figures in shown), style="bold")
    table.add_row("all own CPU s", *(f"{figures['own_cpu_s_per_1000']:,}" for figures in shown), style="bold")
    return table


def tell_budgets() -> int:
    """Print the budgets. Returns 1 if one is exceeded."""
    found = budgets.held(results.latest())
    console.print(budgets.table(found))
    missed = [each for each in found if not each.met]
    console.print(f"{len(found) - len(missed)} of {len(found)} budgets are met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
