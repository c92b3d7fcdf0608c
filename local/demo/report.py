"""The report at the end of the demo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rich.table import Table

from tools.progress import console

BUDGET: Final = 200  # AWS calls per 1,000 deliveries, everything included until the last one is completed
RECEIPTS: Final = "RecordReceipt"  # the function that processes receipts

Calls = Mapping[str, Mapping[str, int]]  # function → operation → count


def print_message(message: Mapping[str, Any], skipped: Counter[str]) -> None:
    counts = Table(title="Recipients by outcome", title_justify="left")
    counts.add_column("outcome")
    counts.add_column("count", justify="right")
    for word, count in message["counts"].items():
        counts.add_row(word, f"{count:,}")
    for reason, count in skipped.most_common():
        counts.add_row(f"  skipped: {reason}", f"{count:,}", style="dim")
    console.print(counts)

    timeline = Table(title="Timeline", title_justify="left")
    for column in ("state", "at (UTC)", "after", "reason"):
        timeline.add_column(column)
    start = datetime.fromisoformat(message["timeline"][0]["at"])
    for move in message["timeline"]:
        at = datetime.fromisoformat(move["at"])
        after = f"{(at - start).total_seconds():.2f} s"
        timeline.add_row(move["state"], f"{at:%H:%M:%S.%f}"[:-3], after, move["reason"] or "")
    console.print(timeline)


def print_calls(calls: Calls, delivered: int) -> float:
    """Print the calls. Returns their number per 1,000 deliveries."""
    total = sum(count for operations in calls.values() for count in operations.values())
    table = Table(title=f"AWS calls of the functions for {delivered:,} deliveries", title_justify="left")
    for column in ("function", "operation"):
        table.add_column(column)
    for column in ("calls", "per 1,000"):
        table.add_column(column, justify="right")
    for function, operations in calls.items():
        for operation, count in sorted(operations.items(), key=lambda each: -each[1]):
            table.add_row(function, operation, str(count), f"{count * 1000 / delivered:.1f}")
    per_thousand = total * 1000 / delivered
    table.add_section()
    table.add_row("all", "", str(total), f"{per_thousand:.1f}", style="bold")
    console.print(table)
    console.print(f"Budget: {BUDGET} per 1,000 deliveries; used: {per_thousand:.0f}.\n")
    return per_thousand


def print_receipts(calls: Mapping[str, int], reported: int) -> None:
    listed = ", ".join(f"{count} {operation}" for operation, count in calls.items()) or "none"
    console.print(f"Receipts, counted separately: {reported:,} mails reported as delivered; AWS calls: {listed}.")
    console.print("(Ten receipts per invocation here; AWS batches up to 100, which halves the number of calls.)\n")


def only_of_the_message(after_submit: Calls, at_the_end: Calls) -> Calls:
    """The calls that the message caused: the API's until its answer (later ones come from polling), all others.

    Receipts are reported separately, because they arrive after the message is sent.
    """
    return {
        function: after_submit.get(function, {}) if function == "InternalApi" else operations
        for function, operations in at_the_end.items()
        if function != RECEIPTS
    }


def flat(answer: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """`aws-calls.json` as function → operation → count."""
    return {
        function: {operation: each["calls"] for operation, each in operations.items()}
        for function, operations in answer["functions"].items()
    }
