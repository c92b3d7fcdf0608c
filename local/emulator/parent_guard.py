"""`parent_guard.py FOLDER PROGRAM …`: runs a program that ends together with the process that started it.

The parent holds the other end of our standard input. When that closes, even because the parent was killed, the
program's process group is killed and the folder deleted. SIGTERM is forwarded, and the program's status returned.
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
    parent_gone = threading.Event()
    threading.Thread(target=_watch, args=(child, parent_gone), daemon=True).start()
    status = child.wait()
    _kill_group(child)  # remaining child processes
    if parent_gone.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _watch(child: subprocess.Popen[bytes], parent_gone: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    parent_gone.set()
    _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
