"""Sleeping and blocking work for the event loop. The counterpart for threads is written by hand."""

from __future__ import annotations

from anyio import sleep
from anyio.to_thread import run_sync as off_the_loop

__all__ = ["off_the_loop", "sleep"]
