"""A time limit for every test, by its suite: an endless loop fails its test and does not hang the run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
import pytest_timeout
from hypothesis import Phase, settings

# A machine that is busy is no failure, and what takes for ever has the limits below. Where CI is set, every run draws
# the same, and what fails is shown as it was drawn: making it smaller can take minutes, and the limit would hide it.
SHOWN_AS_DRAWN: Final = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target)
settings.register_profile("fanfare", deadline=None)
settings.register_profile("fanfare-ci", deadline=None, derandomize=True, phases=SHOWN_AS_DRAWN)
settings.load_profile("fanfare-ci" if os.environ.get("CI") else "fanfare")

TESTS: Final = Path(__file__).parent
DEFAULT: Final = 30  # seconds of wall clock, fixtures included
LIMITS: Final = {
    "client": 60,
    "contract": 60,
    "security": 60,
    "frozen": 120,  # it synthesizes, too
    "integration": 120,
    "faults": 300,  # pairs of faults take half a minute of CPU
    "infra": 180,  # the first test of a stage synthesizes it
    "budget": 300,  # benches, some of them in processes of their own
    "api": 900,
    "e2e": 900,  # the first test starts the local stack
}


class TestTookTooLong(BaseException):
    """Not an `Exception`: the code under test may catch those, and Hypothesis runs again what failed.

    pytest-timeout raises `pytest.fail.Exception`, which Hypothesis catches and replays, this time without a limit.
    """

    __test__ = False  # it is no class of tests


def limit(path: Path) -> int:
    """Seconds for a test of this file."""
    return LIMITS.get(path.relative_to(TESTS).parts[0], DEFAULT) if path.is_relative_to(TESTS) else DEFAULT


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    if config.getoption("timeout") is not None:  # `--timeout`: whoever types it knows better
        return
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(limit(item.path)))


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: Any, settings: Any) -> bool | None:
    """pytest-timeout's own timer, except for the exception that it raises."""
    if settings.method != "signal" or threading.current_thread() is not threading.main_thread():
        return None

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not pytest_timeout.is_debugging():
            raise TestTookTooLong(f"the test took longer than its limit of {settings.timeout:g} s")

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    item.cancel_timeout = cancel
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    return True
