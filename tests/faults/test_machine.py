"""A hundred runs of fifty steps, the same ones each time; a thousand run in `make faults`."""

from __future__ import annotations

from hypothesis.stateful import run_state_machine_as_test

from tests.faults.machine import Promises, pace


def test_the_promises_hold_after_every_step() -> None:
    run_state_machine_as_test(Promises, settings=pace(100))
