"""`leash.py FOLDER PROGRAM …`: runs a program for as long as whoever started it lives.

The starter holds the other end of our standard input. When that closes, even because the starter was killed, the
program goes with its whole process group, and so does its folder. SIGTERM is handed on, and its status given back.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(folder: str, *command: str) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    left = threading.Event()
    threading.Thread(target=_watch, args=(child, left), daemon=True).start()
    status = child.wait()
    _kill_group(child)  # whatever is left of it
    if left.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _watch(child: subprocess.Popen[bytes], left: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    left.set()
    _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
