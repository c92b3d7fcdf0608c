"""Write units of digests: an item, the first item of a window, and closing, for each reader."""

from __future__ import annotations

from fanfare.domain.lifecycle import State

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
    world = World(metered=True)
    world.provider.receipts = False
    world.prepare([f"user-{number}" for number in range(READERS)], **DIGEST)
    assert fanned_out(world, "one") <= 8.5
    assert fanned_out(world, "two") <= 4.5
    world.sleep(120)
    spent(world)
    world.reconcile()
    while world.step("email"):
        pass
    assert [world.state(each) for each in world.digests()] == [State.SENT]
    assert spent(world) / READERS <= 5


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
