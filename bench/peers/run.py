"""Runs another system: servers, workers and mail sink. Measures CPU, and lost and duplicated mails after kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.peers.cpu import children, cpu_seconds
from bench.peers.servers import postgresql, redis
from local.demo import job
from local.ports import free_port
from tools.processes import StepFailed, on_loopback, run, stop, tail
from tools.toolchain import own_environment

APPS: Final = Path(__file__).with_name("apps")
LOCK: Final = Path(__file__).with_name("requirements.txt")
SERVERS: Final = {"redis": redis, "postgresql": postgresql}
QUIET_SECONDS = 90.0  # seconds without a new mail after which missing ones count as lost
WARM_UP = 100  # recipients of the warm-up message: opens connections, imports, compiles templates
KILLS = 20
SEED = 20261122


@dataclass(frozen=True)
class Peer:
    """Commands to set up, submit and work, relative to the environment's programs."""

    name: str
    title: str
    servers: Sequence[str]
    packages: Sequence[str]
    prepare: Sequence[str]
    submit: Sequence[str]
    submit_each: Sequence[str]
    work: Sequence[str]
    pool: bool  # whether the worker has child processes and replaces dead ones


class World:
    """The running processes of one system."""

    def __init__(self, peer: Peer, place: Path, opened: ExitStack) -> None:
        self.peer = peer
        self.place = place
        self.programs = own_environment("peers", LOCK, "the other systems") / "bin"
        self.log = place / "peer.log"
        self.mails = place / "mails"
        self.mails.touch()
        servers = {name: opened.enter_context(SERVERS[name](place)) for name in peer.servers}
        self.servers = {name: pid for name, (pid, _) in servers.items()}
        port = free_port()
        self.environment = on_loopback(os.environ) | {
            "PEER_TEMPLATE": str(job.FILES),
            "PEER_SINK_PORT": str(port),
            "PEER_WARM_UP": str(WARM_UP),
            **{f"PEER_{name.upper()}": url for name, (_, url) in servers.items()},
        }
        self.environment.pop("PYTHONPATH", None)
        self.spent_by_the_ended = 0.0
        self.last_poster = 0.0
        sink = self._start(["python", "sink.py", str(port), str(self.mails)])
        opened.callback(stop, sink)
        self.worker: subprocess.Popen[bytes] | None = None
        opened.callback(self._dismiss)

    def _dismiss(self) -> None:
        if self.worker is not None:
            stop(self.worker)

    def _command(self, command: Sequence[str]) -> list[str]:
        return [str(self.programs / command[0]), *command[1:]]

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            return subprocess.Popen(
                self._command(command), stdout=out, stderr=out, cwd=APPS, env=self.environment, start_new_session=True
            )

    def prepare(self, recipients: int) -> None:
        run(self._command([*self.peer.prepare, str(recipients)]), log=self.log, env=self.environment, cwd=APPS)

    def submit(self, recipients: int) -> None:
        """Submit one message. Its CPU counts, too."""
        self._post([*self.peer.submit, str(recipients)])

    def submit_each(self, recipients: int) -> None:
        """Submit a message to each recipient."""
        self._post([*self.peer.submit_each, str(recipients)])

    def _post(self, command: Sequence[str]) -> None:
        poster = self._start(command)
        _, status, usage = os.wait4(poster.pid, 0)
        poster.returncode = os.waitstatus_to_exitcode(status)
        self.last_poster = usage.ru_utime + usage.ru_stime
        self.spent_by_the_ended += self.last_poster
        if status:
            raise StepFailed(f"{self.peer.name} failed to submit:\n{self.log.read_text()[-2000:]}")

    def work(self) -> None:
        """Restart the worker if it has died, like a supervisor."""
        if self.worker is not None and self.worker.poll() is None:
            return
        self.worker = self._start(self.peer.work)

    def sent(self) -> Counter[str]:
        return Counter(self.mails.read_text(encoding="utf-8").split())

    def wait(self, mails: int, meanwhile: Callable[[int], None] = lambda _: None) -> None:
        """Wait until all recipients have a mail, or no more mails arrive."""
        before, last = -1, time.monotonic()
        while (now := len(self.sent())) < mails and time.monotonic() - last < QUIET_SECONDS:
            if now > before:
                before, last = now, time.monotonic()
            self.work()
            meanwhile(now)
            time.sleep(0.05)

    def all_once(self, recipients: int) -> None:
        """Raises StepFailed unless each recipient has exactly one mail."""
        sent = self.sent()
        if len(sent) != recipients or set(sent.values()) != {1}:
            said = f"{len(sent)} of {recipients} recipients got a mail; {sum(sent.values())} mails in total."
            raise StepFailed(f"{self.peer.name}: {said}\n{tail(self.log)}")

    def spent(self) -> dict[str, float]:
        """CPU time of the worker and each server so far."""
        assert self.worker is not None
        workers = cpu_seconds(self.worker.pid) + self.spent_by_the_ended
        return {"workers": workers, **{name: cpu_seconds(pid) for name, pid in self.servers.items()}}


@contextmanager
def world(peer: Peer) -> Iterator[World]:
    # on a disk, not in memory, so that durable writes have their real cost
    with (
        tempfile.TemporaryDirectory(prefix="fanfare-peers-", ignore_cleanup_errors=True) as folder,
        ExitStack() as opened,
    ):
        place = Path(folder)
        place.chmod(0o755)
        yield World(peer, place, opened)


def cost(peer: Peer, recipients: int) -> dict[str, Any]:
    """CPU seconds per 1,000 deliveries, after a warm-up message."""
    with world(peer) as at:
        at.prepare(recipients)
        at.submit(WARM_UP)
        at.wait(WARM_UP)
        at.all_once(WARM_UP)
        at.mails.write_text("")
        before, began = at.spent(), time.monotonic()
        at.submit(recipients)
        at.wait(recipients)
        seconds, after = time.monotonic() - began, at.spent()
        at.all_once(recipients)
    by_part = {name: (after[name] - before[name]) * 1000 / recipients for name in after}
    return {
        "recipients": recipients,
        "cpu_s_per_1000": round(by_part["workers"], 3),
        "cpu_s_per_1000_with_servers": round(sum(by_part.values()), 3),
        "cpu_s_per_1000_by_part": {name: round(spent, 3) for name, spent in by_part.items()},
        "deliveries_per_second": round(recipients / seconds, 1),
    }


def kills(peer: Peer, recipients: int) -> dict[str, Any]:
    """Lost and duplicated mails if a worker is killed repeatedly at seeded points."""
    drawn = random.Random(SEED)  # noqa: S311 - to be the same each time
    points = sorted(drawn.sample(range(recipients // 50, recipients * 49 // 50), KILLS))
    killed = 0
    with world(peer) as at:
        at.prepare(recipients)
        at.submit(recipients)

        def kill(sent: int) -> None:
            nonlocal killed
            if not points or sent < points[0] or at.worker is None:
                return
            victims = children(at.worker.pid) if peer.pool else [at.worker.pid]
            if victims:
                os.kill(drawn.choice(victims), signal.SIGKILL)
                points.pop(0)
                killed += 1

        at.wait(recipients, kill)
        time.sleep(5)  # wait for late duplicates
        sent = at.sent()
    return {
        "recipients": recipients,
        "kills": killed,
        "lost": recipients - len(sent),
        "duplicated": sum(sent.values()) - len(sent),
    }


def versions(peer: Peer) -> dict[str, str]:
    """The pinned versions of its packages."""
    pinned = dict(word.split("==") for word in LOCK.read_text(encoding="utf-8").split() if "==" in word)
    return {name: pinned[name] for name in peer.packages}
