"""The bench measures what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import page, results
from bench.budgets import Held
from bench.growth import measured
from bench.harness.deployment import LIMIT, Bench
from bench.simulate.deployment import Account, Costs
from bench.simulate.runs import delayed
from bench.stack import spread

COSTS = Costs(
    fan_out_cpu=0.0004,
    deliver_cpu=0.0008,
    writes_by_table={"audience": 2.0, "batches": 0.3, "messages": 0.02, "deliveries": 1.0},
)


@pytest.mark.long
def test_functions_in_processes_of_their_own_ask_aws_for_what_is_counted() -> None:
    ours, counted = measured(100, "limited").cost, Bench(100, limit=LIMIT).run()
    assert ours.usage.calls == counted.usage.calls
    assert ours.usage.write_units == counted.usage.write_units
    assert set(ours.cpu) == set(counted.cpu)
    assert min(ours.cpu.values()) > 0


def test_a_huge_message_delays_a_small_one_only_without_groups() -> None:
    account = Account(max_concurrency=100)
    fair, unfair = (delayed(replace(account, fair=each), COSTS, 200_000, 16) for each in (True, False))
    assert fair < 60 < unfair


def test_times_are_told_in_milliseconds_by_their_median_and_their_tail() -> None:
    assert spread([each / 1_000 for each in range(101)]) == {"p50": 50.0, "p99": 99.0}


def test_a_missed_budget_says_by_how_much() -> None:
    assert Held("calls", 260, 130).verdict == "missed by a factor of 2.00"
    assert Held("times less", 2.5, 10, least=True).verdict == "missed by a factor of 4.00"
    assert Held("times less", 12, 10, least=True).verdict == "met"


def test_the_page_says_what_was_measured_last() -> None:
    assert page.PAGE.read_text() == page.page(results.latest())
