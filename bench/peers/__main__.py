"""The same job with other systems, in the same run: `make bench-peers`.

One message to the same people from the same template: CPU of all processes per 1,000 deliveries, and deliveries that
are lost or sent twice if a worker is killed twenty times. The CPU of the mail server is not counted for any system.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bench import growth, kills, results
from bench.peers import run
from bench.peers.each import MESSAGES, compare_each
from bench.peers.known import PEERS
from bench.peers.servers import Missing
from local.run import guarded
from tools.progress import console, step

RECIPIENTS = 10_000
KILL_RECIPIENTS = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=RECIPIENTS)
    parser.add_argument("--kill-recipients", type=int, default=KILL_RECIPIENTS)
    parser.add_argument("--peers", nargs="+", choices=[peer.name for peer in PEERS], help="only these systems")
    parser.add_argument("--each", type=int, nargs="?", const=MESSAGES, help="that many messages to one person each")
    arguments = parser.parse_args()
    if arguments.each:
        compare_each(arguments.each, arguments.peers)
        return 0
    compare(arguments.recipients, arguments.kill_recipients, arguments.peers)
    return 0


def compare(
    recipients: int = RECIPIENTS, kill_recipients: int = KILL_RECIPIENTS, only: list[str] | None = None
) -> None:
    """Fanfare, then each system whose servers are installed on this machine."""
    runs: dict[str, Any] = {"fanfare": _ours(recipients, kill_recipients)}
    left_out: dict[str, str] = {}
    for peer in PEERS:
        if only and peer.name not in only:
            continue
        try:
            with step(f"{peer.title}: {recipients:,} recipients"):
                found = run.cost(peer, recipients)
            with step(f"{peer.title}: {run.KILLS} kills"):
                found["kills"] = run.kills(peer, kill_recipients)
        except Missing as missing:
            left_out[peer.name] = str(missing)
            continue
        ours = runs["fanfare"]["cpu_s_per_1000"]
        found["cpu_ratio_to_fanfare"] = round(found["cpu_s_per_1000"] / ours, 2)
        found["cpu_ratio_to_fanfare_with_servers"] = round(found["cpu_s_per_1000_with_servers"] / ours, 2)
        runs[peer.name] = {"title": peer.title, "versions": run.versions(peer), **found}
    results.keep("peers", {"runs": runs, "left_out": left_out})
    console.print(_table(runs))
    for name, why in left_out.items():
        console.print(f"[bold red]{name} skipped[/bold red]: {why}")


def _ours(recipients: int, kill_recipients: int) -> dict[str, Any]:
    with step(f"Fanfare: {recipients:,} recipients"):
        measured = growth.measured(recipients, "unlimited").figures()
    with step(f"Fanfare: {kills.KILLS} kills"):
        killed = kills.kills(kill_recipients, receipts=True)
    with step(f"Fanfare: {kills.KILLS} kills, without receipts"):
        untold = kills.kills(kill_recipients, receipts=False)
    return {
        "title": "Fanfare (without the servers of AWS)",
        "recipients": recipients,
        "cpu_s_per_1000": measured["own_cpu_s_per_1000"],
        "cpu_s_per_1000_by_part": measured["own_cpu_s_per_1000_by_function"],
        "kills": killed,
        "kills_without_receipts": untold,
    }


def _table(runs: Mapping[str, Any]) -> Table:
    table = Table(title="The same message with other systems", title_justify="left")
    table.add_column("")
    for column in ("CPU s per 1,000", "with servers", "ratio to Fanfare", "kills", "lost", "twice"):
        table.add_column(column, justify="right")
    for each in runs.values():
        killed = each["kills"]
        table.add_row(
            each["title"],
            f"{each['cpu_s_per_1000']:g}",
            f"{each.get('cpu_s_per_1000_with_servers', '')}",
            f"{each.get('cpu_ratio_to_fanfare', 1)}",
            *(f"{killed[name]:,}" for name in ("kills", "lost", "duplicated")),
        )
    return table


if __name__ == "__main__":
    sys.exit(guarded(main))
