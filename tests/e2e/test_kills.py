"""One of the runs of `make kills`, with fewer people."""

from __future__ import annotations

import sys

import pytest

from tests.kills.harness import Harness

from .conftest import World


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="what runs in a process is read from /proc")
def test_a_worker_that_is_killed_costs_nobody_a_mail(world: World) -> None:
    if world.stack is None:
        pytest.skip("the stack is another process's: its emulator cannot be looked into")
    harness = Harness(world.stack, recipients=200, topic="e2e.killed")
    harness.prepare()
    with harness.short_times():
        run = harness.play(1, restarts=False, kills=1)
    assert [kill.what for kill in run.kills] != ["nobody"]
    assert (run.state, run.lost, run.unexplained) == ("sent", [], [])
