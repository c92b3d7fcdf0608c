"""Simulates a message to a million and to ten million people: `python -m bench.simulate`; see docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any, Final

from rich.table import Table

from bench import page, results
from bench.simulate.deployment import PAGE, Costs
from bench.simulate.runs import BEHIND, SMALL, STEPS, delayed, scheduled, sent_in
from tools.progress import console, step

TIMED: Final = ("+ SES 2,000 per second", "+ SES 10,000 per second")  # with `send_at`


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, nargs="+", default=(1_000_000, 10_000_000))
    found: dict[str, Any] = {"runs": [], "behind": [], "scheduled": []}
    sizes = parser.parse_args().recipients
    for recipients in sizes:
        with step(f"One message to {recipients:,}"):
            found["runs"] += [_told(recipients, kind, name) for kind in PAGE for name in _worth_a_look(recipients)]
    for name in ("as deployed: 10 workers, 1 shard", "+ 16 shards", "+ 100 workers"):
        account, shards = STEPS[name]
        costs = Costs.read("limited")
        fair, unfair = (
            round(delayed(replace(account, fair=each), costs, sizes[0], shards), 1) for each in (True, False)
        )
        found["behind"].append({"account": name, "fair_s": fair, "unfair_s": unfair})
    for name in TIMED:
        account, shards = STEPS[name]
        _, posted, _ = sent_in(account, "limited", sizes[0], shards)
        before, after = scheduled(account, sizes[0], shards)
        found["scheduled"].append(
            {"account": name, "chosen_before_s": round(before), "sent_s": round(after), "posted_then_s": round(posted)}
        )
    results.keep("simulation", found, packages=("simpy",))
    page.main()
    console.print(_table(found["runs"]))
    for each in found["behind"]:
        console.print(
            f"{SMALL} recipients, posted {BEHIND:.0f} s behind {sizes[0]:,} ({each['account']}): "
            f"{each['fair_s']:,} s with groups, {each['unfair_s']:,} s without."
        )
    return 0


def _worth_a_look(recipients: int) -> list[str]:
    """Skip ten million with ten workers: it is ten times the million."""
    return [name for name, (account, _) in STEPS.items() if recipients < 5_000_000 or account.max_concurrency > 10]


def _told(recipients: int, kind: str, name: str) -> dict[str, Any]:
    chosen, done, seconds = sent_in(*STEPS[name][:1], kind, recipients, STEPS[name][1])
    largest = sorted(seconds.items(), key=lambda each: -each[1])[:3]
    most = {what: round(spent / sum(seconds.values()), 2) for what, spent in largest}
    return {
        "recipients": recipients,
        "kind": kind,
        "account": name,
        "fanned_out_s": round(chosen),
        "sent_s": round(done),
        "per_second": round(recipients / done),
        "workers_time": most,
    }


def _table(runs: list[dict[str, Any]]) -> Table:
    table = Table(title="One message (simulated)", title_justify="left")
    for column in ("recipients", "kind", "account", "chosen after", "sent after", "a second", "where workers wait"):
        table.add_column(column)
    for run in runs:
        waits = ", ".join(f"{what} {share:.0%}" for what, share in run["workers_time"].items())
        times = (f"{run[name]:,} s" for name in ("fanned_out_s", "sent_s"))
        table.add_row(f"{run['recipients']:,}", run["kind"], run["account"], *times, f"{run['per_second']:,}", waits)
    return table


if __name__ == "__main__":
    sys.exit(main())
