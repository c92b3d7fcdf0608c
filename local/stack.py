"""The whole local stack, from `with` to the end of its block.

While it runs, `.local/stack.json` says where everything is. `public_url` is null and `users` is empty until there
is a public API.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from . import deployment
from .aws_calls import AwsCalls
from .console import Console
from .emulator import REGION, Emulator
from .http import Server
from .outbox import Outbox
from .paths import CALLS, STACK_FILE, STATE
from .processes import StepFailed
from .progress import step
from .providers import Providers
from .reconciling import Ticker
from .ses_events import EventLog
from .simulator import Simulator


class Stack:
    """Emulator, providers, console and the deployed app. `port` is the first of three; None takes free ones."""

    def __init__(self, *, port: int | None = None, reconcile_seconds: float = 5.0) -> None:
        self.outbox = Outbox()
        self.simulator = Simulator()
        self.events = EventLog()
        self.described: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self._ports = (port, port + 1, port + 2) if port else (None, None, None)
        self._reconcile_seconds = reconcile_seconds
        self._open = ExitStack()
        self._emulator: Emulator | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything, and leave nothing behind but logs and caches."""
        if self.described:
            STACK_FILE.unlink(missing_ok=True)
        self._open.close()

    def check(self) -> None:
        """Raises StepFailed if a part has died."""
        if self._emulator:
            self._emulator.check()

    def _start(self) -> None:
        self._open.enter_context(_only_one())
        emulator_port, providers_port, console_port = self._ports
        calls = AwsCalls(CALLS)
        self._open.callback(calls.close)
        providers = Providers(outbox=self.outbox, simulator=self.simulator, publish=self.events.publish)
        console = Console(outbox=self.outbox, simulator=self.simulator, calls=calls)
        mail = self._serving(Server(providers.handle, port=providers_port))
        seen = self._serving(Server(console.handle, port=console_port))
        environment = calls.environment() | Providers.endpoints(mail.url)
        self._emulator = self._open.enter_context(Emulator(port=emulator_port, environment=environment))
        url = self._emulator.url
        self.outputs = deployment.deploy(url)
        self.ticker = Ticker(url, self.outputs["ReconcileFunctionName"], seconds=self._reconcile_seconds)
        self._open.callback(self.ticker.stop)
        with step("Making the users `service` and `stranger`"):
            self.described = {
                "internal_url": deployment.reachable(self.outputs["InternalApiUrl"], url),
                "public_url": None,
                "console_url": seen.url,
                "aws_endpoint_url": url,
                "region": REGION,
                "service": deployment.caller(url, "service", policy=self.outputs["ServicePolicyArn"]),
                "stranger": deployment.caller(url, "stranger"),
                "users": {},
            }
        _write(self.described)

    def _serving(self, server: Server) -> Server:
        self._open.callback(server.close)
        return server


@contextmanager
def _only_one() -> Iterator[None]:
    """A hold on the folder of the running stack; the system lets go of it even if we are killed."""
    STATE.mkdir(exist_ok=True)
    folder = os.open(STATE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        STACK_FILE.unlink(missing_ok=True)  # of one that was killed
        yield
    except BlockingIOError:
        raise StepFailed(f"A local stack is running already ({STACK_FILE}): stop it first.") from None
    finally:
        os.close(folder)


def _write(described: dict[str, Any]) -> None:
    """Whole or not at all, for no other eyes: there are keys in it."""
    unfinished = STACK_FILE.with_suffix(".unfinished")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(described, file, indent=2)
    unfinished.replace(STACK_FILE)
