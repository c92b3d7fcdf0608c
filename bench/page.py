"""docs/performance.md, from what was measured last: `python -m bench.page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import budgets, results
from bench.growth import KINDS

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
HEADINGS: Final = ("with a limit", "without")
PARTS: Final = {
    "calls_per_1000_by_operation": "",
    "write_units_per_1000_by_table": "write units: ",
    "read_units_per_1000_by_table": "read units: ",
    "own_cpu_s_per_1000_by_function": "CPU seconds: ",
}


def page(measured: Mapping[str, Any]) -> str:
    """The page, whose every figure stands in `measured`."""
    sizes = measured["growth"]["sizes"]
    return TEXT.format(
        when=_when(measured),
        budgets=_table(["", *(f"to {size['recipients']:,}" for size in sizes), "budget", "aim"], [*_budgets(sizes)]),
        ratios=_table(["", "measured", "budget"], [*_ratios(measured)]),
        growth=_growth(sizes[0], sizes[-1]),
        peers=_table(
            ["", "CPU s for 1,000", "with its servers", "times ours", "lost", "sent twice"],
            list(_peers(measured["peers"]["runs"])),
        ),
        versions=_versions(measured["peers"]["runs"]),
        each=_table(["", "CPU ms a message", "with its servers", "times ours"], [*_each(measured["each"]["runs"])]),
        each_messages=f"{measured['each']['messages']:,}",
        each_turns=measured["each"]["turns"],
        **_sizes(measured["peers"]["runs"]["fanfare"]),
        million=_table(["", *HEADINGS, "limited by"], [*_million(measured["simulation"]["runs"])]),
        scheduled=_table(["", "posted then", "with `send_at`"], [*_scheduled(measured["simulation"]["scheduled"])]),
        behind=_table(["", "with groups", "without"], [*_behind(measured["simulation"]["behind"])]),
        stack=_table(["", ""], list(_stack(measured["stack"]))),
        imports=_table(["", "modules", "million instructions", "ms"], list(_imports(measured["imports"]["functions"]))),
    )


def _when(measured: Mapping[str, Any]) -> str:
    days = sorted({part["date"] for part in measured.values()})
    versions = measured["growth"]["versions"]
    return (
        f"{' to '.join(dict.fromkeys((days[0], days[-1])))}, {measured['growth']['cores']} cores, "
        f"Python {versions['python']}, botocore {versions['botocore']}"
    )


def _budgets(sizes: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """A row for each budget of a message, with what was measured at each size."""
    for kind, heading in zip(KINDS, HEADINGS, strict=True):
        for name, title in TITLES.items():
            found = [each for size in sizes for each in budgets.of_size(size, kind) if each.name == name]
            aim = found[0].aim
            yield [
                f"{title}, {heading}",
                *(_verdict(each, f"{each.measured:g}") for each in found),
                f"≤ {found[0].budget:g}",
                f"{aim:g}" if aim else "",
            ]


def _ratios(measured: Mapping[str, Any]) -> Iterator[list[str]]:
    for each in budgets.ratios(measured):
        yield [each.what, _verdict(each, f"{each.measured:.4g}"), f"{'≥' if each.least else '≤'} {each.budget:g}"]


def _verdict(each: budgets.Held, figure: str) -> str:
    return figure if each.met else f"**{figure}, {each.verdict}**"


def _growth(first: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """What 1,000 deliveries take, to the smallest and the largest audience, of both kinds."""
    shown = [size[kind] for kind in KINDS for size in (first, last)]
    head = [f"{heading}: to {size['recipients']:,}" for heading in HEADINGS for size in (first, last)]
    rows = [["**AWS calls**", *(f"**{each['aws_calls_per_1000']:,}**" for each in shown)]]
    for part, title in PARTS.items():
        for name in sorted({name for figures in shown for name in figures[part]}):
            rows.append([title + name, *(f"{figures[part].get(name, 0):,}" for figures in shown)])
    rows.append(
        ["peak memory of a function, MB", *(f"{max(each['peak_rss_mb_by_function'].values())}" for each in shown)]
    )
    return _table(["", *head], rows)


def _million(runs: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Each account with the times of both kinds, to the smaller of the two audiences."""
    smaller = min(run["recipients"] for run in runs)
    found = {(run["account"], run["kind"]): run for run in runs if run["recipients"] == smaller}
    for account in dict.fromkeys(account for account, _ in found):
        both = [found[account, kind] for kind in KINDS]
        slowest = " / ".join(max(run["workers_time"], key=run["workers_time"].get) for run in both)
        yield [account, *(f"{run['fanned_out_s']:,} / {run['sent_s']:,}" for run in both), slowest]


def _scheduled(runs: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    for run in runs:
        yield [run["account"], f"{run['posted_then_s']:,}", f"{run['sent_s']:,}"]


def _behind(runs: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    for run in runs:
        yield [run["account"], f"{run['fair_s']:g}", f"{run['unfair_s']:g}"]


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
            yield ["… without SES events", "", "", "", *(f"{untold[what]:,}" for what in ("lost", "duplicated"))]


def _each(runs: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for name, each in runs.items():
        title = f"**{each['title']}**" if name == "fanfare" else each["title"]
        servers = f"{each['cpu_ms_with_servers']:.1f}" if each["cpu_ms_with_servers"] > each["cpu_ms"] else ""
        yield [title, f"{each['cpu_ms']:.1f}", servers, f"{each['times_ours']:.2g}"]


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
        ("the cheapest request", "cheap_request_ms"),
        ("POST, eight in parallel", "post_ms_8_at_once"),
    ):
        yield [f"{title}: p50 / p99", f"{found[key]['p50']:g} / {found[key]['p99']:g} ms"]
    yield ["POST divided by the cheapest request", f"{found['post_times_a_cheap_request']:g}"]
    yield [f"deliveries per second, message to {found['recipients']:,}", f"{found['deliveries_per_second']:g}"]
    yield [f"a message to {fair['small']}, alone", f"{fair['small_alone_s']:g} s"]
    yield [f"the same, behind a message to {found['recipients']:,}", f"{fair['small_behind_large_s']:g} s"]


def _imports(functions: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for name, each in functions.items():
        told = f"{each['million_instructions']:,}" if each["million_instructions"] else "not counted"
        yield [f"`{name}`", f"{each['modules']:,}", told, f"{each['milliseconds']:,}"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


TITLES: Final = {
    "aws_calls_per_1000": "AWS calls for 1,000",
    "write_units_per_delivery": "write units per delivery",
    "own_cpu_s_per_1000": "CPU seconds for 1,000",
    "post_aws_calls": "AWS calls of the POST",
}
TEXT: Final = """\
<!-- Generated by `python -m bench.page` from bench/results/latest.json; a test fails if they differ. -->
# Performance

Measured by `make bench`: {when}.
Calls and capacity units are equal on every machine. Times and CPU seconds (user and system, minimum of several runs)
are good only for ratios within this page.

![AWS calls for 1,000 deliveries, flat from 1,000 recipients on](img/cost.svg)

## Budgets

E-mail to one topic, with or without a limit per user. The bench fails if a budget is exceeded.

{budgets}

{ratios}

## What 1,000 deliveries take

Each function runs in its own process with the real SDK, against an AWS in memory whose CPU is not counted.

{growth}

With a limit, each user's counter is an item of the page's transaction: 90 users fit in one, for twice the write units.

## Compared with task queues

The same template to {recipients} people, on two cores, with production durability. CPU is that of the workers; Redis
and PostgreSQL have their own column, because AWS's servers can't be measured. Then {kill_recipients} people, while
workers are killed {kills} times with SIGKILL at seeded points; for Fanfare, {in_doubt} times when the provider has
accepted and its answer is on its way.

{peers}

SES events resolve lost answers. Without them, `on_doubt: resend` repeated {untold} e-mails; `hold` repeats none. The
others need a transaction and an SMTP dialogue per recipient; django-post_office compiles its templates for each.

### A message to each person

{each_messages} messages to one person each, in {each_turns} turns of all systems; CPU of the service's request and of
the workers, median turn. The loop only renders and calls SES.

{each}

A message takes 9 calls of AWS ([cost.md](cost.md)), and 3.8 if ten come in one event.

Versions: {versions}.

## A million recipients

Simulated ([bench/simulate](../bench/simulate/)) with measured CPU and write units and the limits of AWS; a million real
messages were never sent. Seconds until all recipients are chosen / sent to. Each row adds to the rows above it; the
first has SES at 500 per second, functions of 512 MB, and `max_concurrency` 10 (default: 5).

{million}

Ten million take nine to ten times as long.

With `send_at`, recipients are chosen before. Seconds from then until all are sent to, with a limit; at 10,000 per
second the reconciler is the bound, with 80 batches a second:

{scheduled}

Counts of a running message are exact up to 10,000 recipients. Above, they are summed with at most 40 read units a
second for all requests: those of a million are up to 80 seconds old, of ten million 14 minutes. `DELETE` of more than
two million answers 503 until its numbers are counted; the message is deleted from the first request on, and each repeat
continues the count.

What limits throughput, in this order:

1. **SES rate.** A new account sends 14 per second or fewer: 20 hours for a million.
2. **One shard with limits** chooses about 770 users a second. Create large topics with `shards` (16 for a million),
   which can't be changed later.
3. **Workers** (`max_concurrency`). 100 send about 10,000 per second. The account's Lambda limit (1,000) is shared with
   its other functions.
4. **Tables** start at 4,000 write units a second and double within half an hour. For more than 3,500 deliveries a
   second (2,000 with limits) set `WarmThroughput` on `deliveries` and `audience`.
5. **A partition** takes 1,000 write units a second; 64 shards stay far below.

A message to 100 people, posted a minute after one to a million with limits; seconds until it is sent, with and without
[SQS fair
queues](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html), by
AWS's approximate description:

{behind}

## On the local stack

On two cores that the emulator shares: only ratios carry over.

{stack}

## Cold starts

What a function imports before its first event; a test limits modules and instructions.

{imports}

## Run it again

| `make` | does |
|---|---|
| `bench` | everything above except the simulation, in 20 to 30 minutes; exit status 1 if a budget is exceeded |
| `bench-counts` | calls, units and CPU of 1,000 deliveries, in seconds |
| `bench-peers` | the task queues; needs Debian's redis-server and postgresql; `bench-peers-each`: a message to each |
| `bench-stack` | the local stack |
| `bench-imports` | cold starts; counts instructions if valgrind is installed |
| `simulate` | a million and ten million recipients |
"""


def main() -> int:
    PAGE.write_text(page(results.latest()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
