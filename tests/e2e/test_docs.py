"""The shell of README and docs, run on the local stack, document by document as a reader would."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.documents import DOCS, ROOT, Block, blocks

from .conftest import World

ALL = {file: [block for block in blocks(file) if block.mark != "not run"] for file in DOCS}
HAVING_SHELL = [file for file, found in ALL.items() if any(block.language == "sh" for block in found)]
MARK = "\x1e"
SECONDS = 280
UNKNOWN = ("MAKE", "MFLAGS", "DISPLAY", "WAYLAND")  # to the shell: no window is to open while tests run


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """`make` without the set-up, which has been done: its Python is this one."""
    make = tmp_path / "make"
    here = shlex.quote(str(Path(sys.executable).parent))
    make.write_text(f'#!/bin/sh\nexec /usr/bin/make -o .venv/.ready BIN={here} "$@"\n')
    make.chmod(make.stat().st_mode | stat.S_IEXEC)
    return tmp_path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("file", HAVING_SHELL)
def test_the_shell_of_a_document_does_what_it_says(world: World, tools: Path, file: str) -> None:
    shell = [block for block in ALL[file] if block.language == "sh"]
    for made in ("users/ada", "templates/weekly-digest"):  # a reader begins with none of it
        world.api.call("DELETE", f"/v1/{made}")
    said = dict(zip(shell, run(shell, tools), strict=True))
    for before, block in zip(ALL[file], ALL[file][1:], strict=False):
        if block.mark == "answer":
            answered, promised = json.loads(said[before].splitlines()[-1]), json.loads(block.source)
            assert shape(answered) == shape(promised), f"{block}: {answered}"


def run(shell: list[Block], tools: Path, *, folder: Path = ROOT) -> list[str]:
    """What each block said; they share a shell, as a reader's do."""
    script = "\n".join(f"{block.source}\nprintf '{MARK}'" for block in shell)
    outside = {name: value for name, value in os.environ.items() if not name.startswith(UNKNOWN)}
    environment = {**outside, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = done.stdout.split(MARK)
    broken = shell[min(len(said), len(shell)) - 1]
    assert done.returncode == 0, f"{broken} failed:\n{said[-1]}\n{done.stderr}"
    return said[:-1]


def shape(value: Any) -> Any:
    """What is in it, without what differs from run to run."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(inner) for inner in value]
        case bool() | None:
            return value
        case _:
            return type(value).__name__
