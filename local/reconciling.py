"""Runs the reconciler more often than the Scheduler can: locally, a minute is long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tools.progress import console

from .aws import client


class Ticker:
    """Invokes the function every so many seconds, one run at a time, beside the real schedule."""

    def __init__(self, url: str, function: str, *, seconds: float) -> None:
        self._lambda = client("lambda", url)
        self._function = function
        self._seconds = seconds
        self._over = threading.Event()
        self._running = threading.Lock()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        if seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """No run begins any more; one under way is the emulator's to end."""
        self._over.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave it to the real schedule for a while, as on AWS: for counting calls."""
        with self._running:
            yield

    def run_now(self) -> str | None:
        """One run; what went wrong in it, if anything did."""
        try:
            answer = self._lambda.invoke(FunctionName=self._function, Payload=b"{}")
        except (BotoCoreError, ClientError) as error:
            return str(error)
        said = answer["Payload"].read().decode(errors="replace")
        return said if answer.get("FunctionError") else None

    def _tick(self) -> None:
        told = None
        while not self._over.wait(self._seconds):
            with self._running:
                wrong = self.run_now()
            if wrong and wrong != told and not self._over.is_set():
                console.print(f"  [red]The reconciler failed:[/red] {wrong[:400]}")
            told = wrong
