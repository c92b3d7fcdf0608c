"""Which Pythons Fanfare can be installed on, and what is said of the others."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from tests.documents import ROOT
from tools import supported

GLIBC = "cpython-313-x86_64-linux-gnu"


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_a_python_that_will_do(version: tuple[int, int]) -> None:
    assert supported.fault(version, GLIBC) == ""
    assert supported.fault(version, "cpython-313-darwin") == ""


@pytest.mark.parametrize(("version", "said"), [((3, 10), "this one is 3.10"), ((2, 7), "2.7"), ((3, 15), "is 3.15")])
def test_too_old_or_too_new_a_python_is_named_with_the_cure(version: tuple[int, int], said: str) -> None:
    told = supported.fault(version, GLIBC)
    assert told.startswith("Fanfare needs Python 3.11 to 3.14; ")
    assert said in told
    assert "make demo PYTHON=python3.13" in told


def test_what_has_no_wheels_is_said() -> None:
    assert "google-re2 and orjson have no wheels" in supported.fault((3, 15), GLIBC)


def test_alpine_is_told_what_else_there_is() -> None:
    told = supported.fault((3, 13), "cpython-313-x86_64-linux-musl")
    assert "musl (Alpine)" in told
    assert "google-re2 has no wheels" in told
    assert "python:3.13-slim" in told


def test_the_project_says_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.15"
    assert (supported.OLDEST, supported.NEWEST) == ((3, 11), (3, 14))


def test_it_runs_as_a_file() -> None:
    asked = subprocess.run([sys.executable, "-I", supported.__file__], capture_output=True, text=True, check=False)  # noqa: S603
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "", "")
