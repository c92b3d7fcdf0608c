"""Whether a local stack runs: a hold on a folder, which the system lets go of even if the stack is killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tools.paths import STACK_FILE, STATE
from tools.processes import StepFailed

PID: Final = "pid"


@contextmanager
def only_one(state: Path = STATE) -> Iterator[None]:
    """Holds the folder of the running stack. Raises StepFailed where another does."""
    state.mkdir(exist_ok=True)
    with _folder(state) as folder:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StepFailed(f"A local stack is running already. Stop it first: {_how(state)}.") from None
        (state / PID).write_text(str(os.getpid()))
        (state / STACK_FILE.name).unlink(missing_ok=True)  # of one that was killed
        yield


def is_running(state: Path = STATE) -> bool:
    """Whether somebody holds the folder."""
    if not state.is_dir():
        return False
    with _folder(state) as folder:
        try:
            fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def _folder(state: Path) -> Iterator[int]:
    folder = os.open(state, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _how(state: Path) -> str:
    with suppress(OSError):
        return f"press Ctrl-C where it runs, or `kill {(state / PID).read_text()}`"
    return "press Ctrl-C where it runs"
