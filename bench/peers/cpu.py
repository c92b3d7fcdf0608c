"""CPU time of processes, including their living and dead children."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants. The time of dead ones is in their parents' counters.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    return sum(_spent(each) for each in (pid, *descendants(pid)))


def descendants(pid: int) -> Iterator[int]:
    """The living descendants of a process."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def children(pid: int) -> list[int]:
    """The living children of a process."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _spent(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0  # it has ended since it was listed: its time is now in the parent's counter
    return sum(map(int, fields[11:15])) / TICK  # utime, stime, and those of reaped children
