"""PostgreSQL and Redis from Debian packages, in a temporary folder, with the durability of production."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.ports import free_port
from tools.processes import StepFailed, stop

PACKAGES: Final = {"redis-server": "redis-server", "postgres": "postgresql"}


class Missing(StepFailed):
    """A required program is not installed."""


def program(name: str) -> str:
    """Path of a server's program. Debian's PostgreSQL is not in PATH."""
    postgres = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(postgres[-1]) if postgres else shutil.which(name)
    if found is None:
        package = PACKAGES.get(name, "postgresql")
        raise Missing(f"{name} is not installed: apt-get install {package}")
    return found


@contextmanager
def redis(scratch: Path) -> Iterator[tuple[int, str]]:
    """Process id and URL. Every write is in the append-only file, which is synced every second."""
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(scratch)]
    server = _started(
        [*command, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""], scratch / "redis.log"
    )
    try:
        _wait(lambda: "Ready to accept" in (scratch / "redis.log").read_text(), server, "Redis")
        yield server.pid, f"redis://127.0.0.1:{port}/0"
    finally:
        stop(server)


@contextmanager
def postgresql(scratch: Path) -> Iterator[tuple[int, str]]:
    """Process id and URL, with a socket in the temporary folder and default settings."""
    user = _owner(scratch)
    data = scratch / "postgresql"
    initdb = [program("initdb"), "--pgdata", str(data), "--username", "peer", "--auth", "trust", "--encoding", "UTF8"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user)
    command = [program("postgres"), "-D", str(data), "-c", "listen_addresses=", "-k", str(scratch)]
    server = _started(command, scratch / "postgresql.log", user=user)
    try:
        _wait(lambda: "ready to accept" in (scratch / "postgresql.log").read_text(), server, "PostgreSQL")
        yield server.pid, f"postgresql+psycopg://peer@/postgres?host={scratch}"
    finally:
        stop(server)


def _owner(scratch: Path) -> str | None:
    """PostgreSQL does not run as root: as root, use Debian's user `postgres`, which then owns the folder."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam("postgres")
    os.chown(scratch, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _started(command: list[str], log: Path, *, user: str | None = None) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, user=user, start_new_session=True
        )


def _wait(ready: Callable[[], bool], server: subprocess.Popen[bytes], name: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            raise StepFailed(f"{name} did not start.")
        time.sleep(0.1)
