"""docs/performance.md, from what was measured last: `python -m bench.page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import budgets, results
from bench.growth import KINDS

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
PARTS: Final = {
    "calls_per_1000_by_operation": "",
    "write_units_per_1000_by_table": "write units: ",
    "read_units_per_1000_by_table": "read units: ",
    "own_cpu_s_per_1000_by_function": "own CPU, s: ",
    "peak_rss_mb_by_function": "peak memory, MB: ",
}


def page(measured: Mapping[str, Any]) -> str:
    """The page, whose every figure stands in `measured`."""
    return TEXT.format(
        when=_when(measured),
        budgets=_table(["what", "measured", "budget", "aim", ""], list(_budgets(measured))),
        growth="\n\n".join(f"**{_title(kind)}**\n\n{_growth(kind, measured['growth']['sizes'])}" for kind in KINDS),
        peers=_table(
            ["", "CPU s for 1,000", "with its servers", "times ours", "lost", "sent twice"],
            list(_peers(measured["peers"]["runs"])),
        ),
        versions=_versions(measured["peers"]["runs"]),
        **_sizes(measured["peers"]["runs"]["fanfare"]),
        stack=_table(["", ""], list(_stack(measured["stack"]))),
        imports=_table(
            ["", "modules", "million instructions", "ms", "dearest packages, ms"],
            list(_imports(measured["imports"]["functions"])),
        ),
    )


def _when(measured: Mapping[str, Any]) -> str:
    days = sorted({part["date"] for part in measured.values()})
    versions = measured["growth"]["versions"]
    return (
        f"{' to '.join(dict.fromkeys((days[0], days[-1])))}, {measured['growth']['cores']} cores, "
        f"Python {versions['python']}, botocore {versions['botocore']}"
    )


def _budgets(measured: Mapping[str, Any]) -> Iterator[list[str]]:
    for each in budgets.held(measured):
        limit = f"{'≥' if each.least else '≤'} {each.budget:g}"
        yield [each.what, f"{each.measured:g}", limit, f"{each.aim:g}" if each.aim else "", each.verdict]


def _title(kind: str) -> str:
    return "With a limit per user" if kind == "limited" else "Without a limit"


def _growth(kind: str, sizes: Sequence[Mapping[str, Any]]) -> str:
    shown = [size[kind] for size in sizes]
    rows = [["**AWS calls**", *(f"**{each['aws_calls_per_1000']:,}**" for each in shown)]]
    for part, title in PARTS.items():
        for name in sorted({name for figures in shown for name in figures[part]}):
            rows.append([title + name, *(f"{figures[part].get(name, 0):,}" for figures in shown)])
    rows.append(["**own CPU, s**", *(f"**{each['own_cpu_s_per_1000']:,}**" for each in shown)])
    return _table(["for 1,000 deliveries", *(f"to {size['recipients']:,}" for size in sizes)], rows)


def _peers(runs: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for name, each in runs.items():
        yield [
            f"**{each['title']}**" if name == "fanfare" else each["title"],
            f"{each['cpu_s_per_1000']:.2f}",
            f"{each['cpu_s_per_1000_with_servers']:.2f}" if "cpu_s_per_1000_with_servers" in each else "",
            f"{each.get('cpu_ratio_to_fanfare', 1):.0f}",
            *(f"{each['kills'][what]:,}" for what in ("lost", "duplicated")),
        ]
        if "kills_without_receipts" in each:
            untold = each["kills_without_receipts"]
            yield ["… and told nothing by SES", "", "", "", *(f"{untold[what]:,}" for what in ("lost", "duplicated"))]


def _versions(runs: Mapping[str, Mapping[str, Any]]) -> str:
    pinned = {name: found for each in runs.values() for name, found in each.get("versions", {}).items()}
    return ", ".join(f"{name} {found}" for name, found in sorted(pinned.items()))


def _sizes(ours: Mapping[str, Any]) -> dict[str, str]:
    killed = ours["kills"]
    return {
        "recipients": f"{ours['recipients']:,}",
        "kill_recipients": f"{killed['recipients']:,}",
        "kills": f"{killed['kills']}",
        "in_doubt": f"{killed['kills_with_an_answer_on_its_way']}",
        "untold": f"{ours['kills_without_receipts']['duplicated']:,}",
    }


def _stack(found: Mapping[str, Any]) -> Iterator[list[str]]:
    fair = found["fair_share"]
    for title, key in (
        ("POST /v1/messages", "post_ms"),
        ("the cheapest request beside it", "cheap_request_ms"),
        ("POST, eight at once", "post_ms_8_at_once"),
    ):
        yield [f"{title}: p50 / p99", f"{found[key]['p50']:g} / {found[key]['p99']:g} ms"]
    yield ["a POST, in cheap requests", f"{found['post_times_a_cheap_request']:g}"]
    yield [f"deliveries a second, to {found['recipients']:,}", f"{found['deliveries_per_second']:g}"]
    yield [f"a message to {fair['small']}, alone", f"{fair['small_alone_s']:g} s"]
    yield [f"the same, behind one to {found['recipients']:,}", f"{fair['small_behind_large_s']:g} s"]


def _imports(functions: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for name, each in functions.items():
        dearest = ", ".join(f"{package} {spent}" for package, spent in each["dearest_ms"].items())
        told = f"{each['million_instructions']:,}" if each["million_instructions"] else "not counted"
        yield [f"`{name}`", f"{each['modules']:,}", told, f"{each['milliseconds']:,}", dearest]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


TEXT: Final = """\
# Performance

Written by `python -m bench.page` from [bench/results/latest.json](../bench/results/latest.json), which `make bench`
measures in one run: {when}.
Counts are exact, and the same on every machine. CPU is user and system time, the least of some runs; it and all other
times are good for ratios within this page, and for nothing else.

![AWS calls for 1,000 deliveries, flat from 1,000 recipients on](img/cost.svg)

## Budgets

{budgets}

An *aim* is where we want to be, a budget what fails the bench; calls and units of `make bench-counts` fail a test, too.

## What a thousand deliveries take, as the audience grows
One message to one topic, each function in a process of its own, with its real SDK; requests are signed, answers parsed,
and AWS is in memory behind the point where a connection would be opened, and not counted.

{growth}

What misses its aim: with a limit, each reader's counter is an item of a transaction, which has room for a hundred and
costs twice a write. So ninety are a page, and a page has two batches of its own. To a thousand, calls that a message
makes once are a tenth of all. How the CPU came down, and what was not done for it, is in the [decisions](decisions.md).

## Beside others
The same template to the same {recipients} people, each system as durable as it is in production, two workers' cores;
the CPU of all of its processes. The mail server is counted nowhere, DynamoDB's and SQS's servers are AWS's: so the
ratio is of workers alone, and what Redis and PostgreSQL spent stands beside it. Then the same to {kill_recipients}
people, while a worker is killed with SIGKILL {kills} times at seeded points, in ours {in_doubt} of them at the worst
one, with the provider's answer on its way.

{peers}

Theirs are killed wherever they happen to be; the moment between a mail server's yes and the commit is short, and who
is in it gets the mail twice. Ours wait for SES's own word about a call whose answer was lost: with it nobody is
written to twice. Without it (no configuration set, or events turned off), `on_doubt: resend` sends those batches again,
{untold} mails here; with `hold` they end as `outcome_unknown`, and nobody is written to twice
([tests/faults](../tests/faults/)).

Measured with {versions}. Where the peers' CPU goes is told in the [decisions](decisions.md).

## On the local stack
Everything on this machine's two cores, the emulator included: ratios carry over, seconds do not.

{stack}

## Cold starts
What a function imports before its first event, without what Lambda itself takes. Instructions are callgrind's, and
repeat to the instruction; a test holds modules and instructions.

{imports}

SnapStart stays off: it would pay from 800,000 cold starts a month of each function
([the figures](decisions.md#2026-11-22--cold-starts-are-held-by-what-is-imported-and-snapstart-stays-off)).

## Again

| `make` | does |
|---|---|
| `bench` | all of this, in twenty minutes to half an hour; exit status 1 if a budget is missed |
| `bench-counts` | calls, units and CPU of a thousand, in seconds |
| `bench-peers` | the peers; wants Debian's redis-server and postgresql |
| `bench-stack` | the local stack |
| `bench-imports` | cold starts; counts instructions where valgrind is installed |
| `simulate` | a million people and ten, told in [scale](scale.md) |

What it costs in dollars is in [cost](cost.md).
"""


def main() -> int:
    PAGE.write_text(page(results.latest()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
