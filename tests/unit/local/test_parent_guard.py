"""A guarded program ends with the process that started it, even if that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.emulator import parent_guard

# Starts a program under the parent guard, then only sleeps.
STARTER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE)
time.sleep(60)
"""
# Starts a child in the same process group and prints both pids.
PROGRAM = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_what_was_started_goes_with_a_starter_that_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    command = [sys.executable, "-c", STARTER, parent_guard.__file__, str(folder), sys.executable, "-c", PROGRAM]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603  (our own text)
    assert starter.stdout
    program, child = map(int, starter.stdout.readline().split())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    deadline = time.monotonic() + 20
    while not (gone(program) and gone(child) and not folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (gone(program), gone(child), folder.exists()) == (True, True, False)


@pytest.mark.parametrize("status", [0, 3])
def test_the_programs_status_is_given_back_and_the_folder_is_the_starters(tmp_path: Path, status: int) -> None:
    command = [
        sys.executable,
        parent_guard.__file__,
        str(tmp_path),
        sys.executable,
        "-c",
        f"raise SystemExit({status})",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # noqa: S603  (our own text)
        assert child.wait(20) == status
    assert tmp_path.exists()


def test_a_request_to_end_is_handed_on(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(15, lambda *_: exit(7)); print('up', flush=True); time.sleep(60)"
    command = [sys.executable, parent_guard.__file__, str(tmp_path), sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        assert child.stdout
        child.stdout.readline()
        child.terminate()
        assert child.wait(20) == 7
