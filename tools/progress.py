"""Progress of long steps: a spinner on a terminal, plain lines in a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

QUIET_SECONDS = 10.0  # seconds between two lines in a log

console = Console(highlight=False, soft_wrap=True)


class Step:
    """A running step; `note` sets its progress text."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.latest = ""
        self.started = time.monotonic()

    def note(self, text: str) -> None:
        self.latest = text

    def __str__(self) -> str:
        return f"{self.title} ({self.latest})" if self.latest else self.title

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` while the block runs, then the duration."""
    under_way = Step(title)
    try:
        with _spinning(under_way) if console.is_terminal else _logging(under_way):
            yield under_way
    except BaseException:
        console.print(f"  [red]✗[/red] {under_way} ({under_way.seconds:.1f} s)", markup=True)
        raise
    console.print(f"  [green]✓[/green] {under_way} [dim]{under_way.seconds:.1f} s[/dim]")


@contextmanager
def _spinning(under_way: Step) -> Iterator[None]:
    with console.status(str(under_way)) as status, _every(0.2, lambda: status.update(str(under_way))):
        yield


@contextmanager
def _logging(under_way: Step) -> Iterator[None]:
    def still() -> None:
        console.print(f"    {under_way}, {under_way.seconds:.0f} s")

    with _every(QUIET_SECONDS, still):
        yield


@contextmanager
def _every(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def go() -> None:
        while not over.wait(seconds):
            action()

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
