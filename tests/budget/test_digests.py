"""What digests cost: an item, the first item of a window, and closing, for each reader."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fanfare.domain.lifecycle import State

from bench.cost import DIGESTS, counted_of_digests, times_cheaper
from bench.harness.digests import exceeded_by_digests, parts
from testing.memory_aws.calls import Usage
from tests.faults.digests import DIGEST, REST_ONLY
from tests.faults.world import World

READERS = 50


def spent(world: World) -> int:
    """Write units since the last look."""
    usage, world.memory.usage = world.memory.usage, Usage()
    return sum(usage.write_units.values())


def fanned_out(world: World, key: str) -> float:
    """Write units of the fan-out of a message, for each reader."""
    message = world.post(key=key)
    world.sleep(1)
    spent(world)
    while world.step("fan_out"):
        pass
    assert world.state(message) is State.SENT
    return spent(world) / READERS


def test_an_item_costs_at_most_4_5_units_the_first_8_5_and_closing_5() -> None:
    first, further, closing = (each.write_units for each in parts(200))
    assert (first <= 8.5, further <= 4.5, closing <= 5) == (True, True, True), (first, further, closing)


def test_the_bench_fails_above_the_budget() -> None:
    figures = {"write_units_first": 8.5, "write_units_next": 4.6, "write_units_closing": 5.0}
    assert exceeded_by_digests(figures) == ["digests: write_units_next: 4.6; the budget is 4.5"]


@pytest.mark.long
def test_the_page_has_what_a_digest_of_a_thousand_readers_takes() -> None:
    assert counted_of_digests() == DIGESTS


def test_ten_messages_in_one_digest_are_at_least_seven_times_cheaper_than_ten_mails() -> None:
    assert times_cheaper() >= 7
    assert times_cheaper(ses=Decimal(100)) >= 7  # à la carte


def test_an_item_on_the_short_way_costs_less_than_a_mail() -> None:
    world = World(metered=True)
    world.prepare(["ada"], **DIGEST)
    world.post(key="one", recipients=["ada"])
    world.sleep(1)
    spent(world)
    world.post(key="two", recipients=["ada"])
    assert spent(world) <= 13


def test_an_item_over_the_limit_costs_no_charge() -> None:
    world = World(metered=True)
    world.provider.receipts = False
    limit = {"count": 1, "per_seconds": 3600, "overflow": "digest"}
    world.prepare([f"user-{number}" for number in range(READERS)], **DIGEST | REST_ONLY, limit=limit)
    world.post(key="one")
    world.sleep(1)
    while world.step("fan_out"):
        pass
    assert fanned_out(world, "two") <= 8.5
    assert fanned_out(world, "three") <= 4.5
