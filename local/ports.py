"""Free ports on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from tools.processes import StepFailed


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check(wanted: Iterable[int | None]) -> None:
    """Raises StepFailed if one of the ports is in use."""
    for port in wanted:
        if port is not None and not _is_free(port):
            raise StepFailed(f"Port {port} is in use. Set FANFARE_PORT to the first of four free ports.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # like servers: a port of a closed connection is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
