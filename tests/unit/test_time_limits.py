"""A test that does not end fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TESTS, limit
from tests.documents import ROOT

ENDLESS = """
from hypothesis import given, strategies

def test_that_loops():
    while True:
        try:
            pass
        except Exception:
            pass

@given(strategies.integers())
def test_that_loops_for_drawn_numbers(number):
    while True:
        pass

def test_after_them():
    pass
"""


PLUGINS = ("xdist", "pytest_timeout", "tests.conftest", "no:cacheprovider")


def test_an_endless_loop_fails_its_test_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "test_endless.py").write_text(ENDLESS)
    words = [word for plugin in PLUGINS for word in ("-p", plugin)]
    ran = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *words, "-q", "-n", "1", "--timeout", "0.3", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert "2 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "the test took longer than its limit of 0.3 s" in ran.stdout


@pytest.mark.parametrize(
    ("file", "seconds"),
    [
        ("unit/test_decide.py", 30),
        ("unit/channels/test_email.py", 30),
        ("integration/test_console.py", 120),
        ("faults/test_faults.py", 300),
        ("e2e/test_submit.py", 900),
    ],
)
def test_each_suite_has_its_limit(file: str, seconds: int) -> None:
    assert limit(TESTS / file) == seconds
