"""Runs the reconciler more often than once a minute, the shortest schedule of EventBridge Scheduler."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from tools.progress import console


class Ticker:
    """Invokes the function every `seconds` seconds, one run at a time, in addition to the schedule."""

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
        """Start no further runs; a run in progress continues."""
        self._over.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Only the schedule runs the reconciler inside this block, e.g. to count calls."""
        with self._running:
            yield

    def run_now(self) -> str | None:
        """Invoke the function once. Returns its error, or None."""
        try:
            answer = self._lambda.invoke(FunctionName=self._function, Payload=b"{}")
        except (BotoCoreError, ClientError) as error:
            return str(error)
        said = answer["Payload"].read().decode(errors="replace")
        return said if answer.get("FunctionError") else None

    def _tick(self) -> None:
        last_error = None
        while not self._over.wait(self._seconds):
            with self._running:
                error = self.run_now()
            if error and error != last_error and not self._over.is_set():
                console.print(f"  [red]The reconciler failed:[/red] {error[:400]}")
            last_error = error
