"""The items of the fault world: what is written when calls fail, get lost or are the last of a process."""

from __future__ import annotations

from typing import Any

import pytest

from testing.memory_aws.table import Store
from tests.faults import world
from tests.faults.modes import Fault
from tests.faults.scenarios import SCENARIOS, Scenario, small_pages
from tests.frozen.life import reasons_in, recording
from tests.frozen.shapes import Shapes

STEPS, CALLS = 6, (1, 4)  # the steps and calls that a fault meets


def played() -> tuple[Shapes, set[str]]:
    """The shapes of all items, and the reasons in them."""
    shapes, reasons = Shapes(), set[str]()

    def stored(table: str, item: Any) -> None:
        shapes.item(table, item)
        reasons.update(reasons_in(item))

    with pytest.MonkeyPatch.context() as patch, small_pages():
        patch.setattr(world, "_PREPARED", {})  # what was prepared before would not be seen
        patch.setattr(Store, "put", recording(Store.put, stored))
        for scenario in [each for each in SCENARIOS if each.channels == ("email",)]:
            _play(scenario, 0, None)
            for step in range(STEPS):
                for call in CALLS:
                    _play(scenario, step, Fault(call, "lose" if step % 2 else "refuse"))
    return shapes, reasons


def _play(scenario: Scenario, at: int, fault: Fault | None) -> None:
    made, step = scenario.world(), 0
    while not scenario.over(made):
        scenario.step(made, fault if step == at else None)
        step += 1
    assert not scenario.judge(made).bad
