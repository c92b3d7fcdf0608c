"""Counts the cost of a delivery: `make bench-counts`. The last line of output is JSON.

One message to one topic, with the real use cases and SDK on an in-memory AWS. Calls and units are the same every time.

CPU is user and system time of the process within the functions: reading a job, the use case, all of botocore per call
(serializing, endpoint, signature, parsing), and the final events. The time of the in-memory AWS is subtracted. Not
included, because warm functions don't pay for it: imports, creation of clients, compilation of templates; nor TLS and
the Lambda runtime. The message is sent several times, and the minimum per function counts: other load only adds time.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterator
from functools import reduce
from typing import Any

from bench.harness.deployment import LIMIT, Bench, Cost, Mail
from bench.harness.digests import exceeded_by_digests, measure_digests
from bench.harness.receipts import exceeded_by_receipts, measure_receipts
from bench.harness.to_one import exceeded_by_one, measure_one

BUDGETS = {
    "limited": {"aws_calls_per_1000": 200.0, "write_units_per_delivery": 4.5},
    "unlimited": {"aws_calls_per_1000": 130.0, "write_units_per_delivery": 2.5},
}
AIMS = {
    "limited": {"aws_calls_per_1000": 150.0, "write_units_per_delivery": 3.3},
    "unlimited": {"aws_calls_per_1000": 100.0, "write_units_per_delivery": 1.6},
}
CPU_BUDGET, CPU_AIM = 0.30, 0.15
POST_BUDGET = 3


def measure(recipients: int, *, times: int = 1) -> tuple[Cost, Cost]:
    """The cost of one message with and without a rate limit per user; CPU is the minimum of `times` runs."""
    limited, unlimited = (reduce(Cost.least, _runs(recipients, limit, times)) for limit in (LIMIT, None))
    return limited, unlimited


def measure_derived(recipients: int, *, times: int = 1) -> Cost:
    """The cost of one message without a limit, whose mail has no text part and names each reader in its HTML."""
    return reduce(Cost.least, _runs(recipients, None, times, mail="derived"))


def measure_links(recipients: int) -> tuple[Cost, Cost]:
    """The cost of one message without a limit: without a footer; with footer, link to view it, and own sender."""
    bare, linked = (next(_runs(recipients, None, 1, mail=mail)) for mail in ("bare", "linked"))
    return bare, linked


def _runs(recipients: int, limit: dict[str, Any] | None, times: int, *, mail: Mail = "usual") -> Iterator[Cost]:
    for _ in range(times):
        bench = Bench(recipients, limit=limit, mail=mail)
        gc.collect()
        gc.freeze()  # exclude the in-memory tables from garbage collection, because functions don't have them
        yield bench.run()
        gc.unfreeze()


def exceeded(limited: Cost, unlimited: Cost) -> list[str]:
    """The exceeded budgets. Without CPU, because load on the machine must not fail the counts."""
    missed = []
    for name, cost in (("limited", limited), ("unlimited", unlimited)):
        for figure, budget in BUDGETS[name].items():
            if cost.summary()[figure] > budget:
                missed.append(f"{name} {figure}: {cost.summary()[figure]}; the budget is {budget}")
        if cost.post_calls > POST_BUDGET:
            missed.append(f"POST makes {cost.post_calls} AWS calls; the budget is {POST_BUDGET}")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=5, help="number of runs; CPU is the minimum of them")
    arguments = parser.parse_args()
    recipients = arguments.recipients
    Bench(
        200, limit=None
    ).run()  # warm up: imports and compiled templates belong to the cold start, which bench.imports measures
    limited, unlimited = measure(recipients, times=arguments.times)
    for name, cost in (("limited", limited), ("unlimited", unlimited)):
        print(f"{name}: {recipients:,} recipients, CPU {cost.cpu_per_1000:.3f} s per 1,000 deliveries", file=sys.stderr)
        for operation, count in sorted(cost.usage.calls.items()):
            print(f"    {operation:32}{count:6}", file=sys.stderr)
        for table, units in sorted(cost.usage.write_units.items()):
            print(f"    write units {table:20}{units:10.1f}", file=sys.stderr)
        print("    CPU " + ", ".join(f"{name} {spent:.3f} s" for name, spent in cost.cpu.items()), file=sys.stderr)
    one = measure_one(times=arguments.times)
    receipts = measure_receipts()
    digests = measure_digests()
    missed = [*exceeded(limited, unlimited), *exceeded_by_one(one), *exceeded_by_receipts(receipts)]
    missed += exceeded_by_digests(digests)
    for line in missed:
        print(f"over budget: {line}", file=sys.stderr)
    result = {"recipients": recipients, "limited": limited.summary(), "unlimited": unlimited.summary()}
    result["own_cpu_s_per_1000"] = round(unlimited.cpu_per_1000, 3)
    derived = measure_derived(recipients, times=arguments.times)
    print(f"text derived for each reader: CPU {derived.cpu_per_1000:.3f} s per 1,000 deliveries", file=sys.stderr)
    result["own_cpu_s_per_1000_text_derived"] = round(derived.cpu_per_1000, 3)
    result["bare"], result["linked"] = (cost.summary() for cost in measure_links(recipients))
    result["post_aws_calls"] = limited.post_calls
    result["one"] = one
    result["receipts"] = receipts
    result["digests"] = digests
    print(json.dumps(result))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
