"""A lock on the state folder while a local stack runs. The system releases it even if the stack is killed."""

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
    """Hold the lock. Raises StepFailed if another stack holds it."""
    state.mkdir(exist_ok=True)
    with _folder(state) as folder:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StepFailed(f"A local stack is already running. To stop it, {_how(state)}.") from None
        (state / PID).write_text(str(os.getpid()))
        (state / STACK_FILE.name).unlink(missing_ok=True)  # from a killed stack
        yield


def is_running(state: Path = STATE) -> bool:
    """Whether a process holds the lock."""
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
