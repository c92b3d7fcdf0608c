"""Free ports on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from tools.processes import StepFailed


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check(wanted: Iterable[int | None]) -> None:
    """Raises StepFailed where somebody listens on one of them."""
    for port in wanted:
        if port is not None and not _is_free(port):
            raise StepFailed(f"Port {port} is taken: choose another FANFARE_PORT, the first of four that are free.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what has just ended is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
