"""The first command that a newcomer types: what it says, and that a second try helps."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.documents import ROOT

# stands for a Python, and for the one in the environment that it makes
PYTHON = """#!/bin/sh
case "$*" in
  *supported.py*) [ {refused} = 0 ] || {{ echo "not this one"; exit 1; }} ;;
  *"venv --clear"*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; cp "$0" "$4/bin/uv" ;;
  *"pip install"*) {pip} ;;
esac
"""


def make(folder: Path, *words: str, refused: bool = False, pip: str = "true") -> subprocess.CompletedProcess[str]:
    python = folder / "python"
    python.write_text(PYTHON.format(refused=int(refused), pip=pip))
    python.chmod(0o755)
    venv = folder / ".venv"
    command = ["make", "--no-print-directory", *words, f"PYTHON={python}", f"VENV={venv}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


def ready(folder: Path) -> str:
    """The target that sets up."""
    return str(folder / ".venv" / ".ready")


def test_an_unsupported_python_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    made = make(tmp_path, ready(tmp_path), refused=True)
    assert made.returncode != 0
    assert made.stdout.splitlines()[0] == "not this one"
    assert not (tmp_path / ".venv").exists()


def test_an_interrupted_set_up_starts_over(tmp_path: Path) -> None:
    assert make(tmp_path, ready(tmp_path), pip="exit 1").returncode != 0
    (tmp_path / ".venv" / "half-made").touch()
    made = make(tmp_path, ready(tmp_path))
    assert made.returncode == 0, made.stderr
    assert not (tmp_path / ".venv" / "half-made").exists()
    assert Path(ready(tmp_path)).exists()


def test_what_is_there_is_brought_up_to_date_in_place(tmp_path: Path) -> None:
    assert make(tmp_path, ready(tmp_path)).returncode == 0
    kept = tmp_path / ".venv" / "kept"
    kept.touch()
    make(tmp_path, "--assume-new=requirements.lock", ready(tmp_path))
    assert kept.exists()


def test_what_help_says_can_be_pasted(tmp_path: Path) -> None:
    told = make(tmp_path, "help").stdout
    assert 'eval "$(make env)"' in told
    assert "$$" not in told
