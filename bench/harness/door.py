"""The socket between a function's process and the one that measures it.

It stands for the network, so it should cost little: one system call to send, and one to receive what fits in `READ`.
Both sides take turns, so no more than one message is ever on the way.
"""

from __future__ import annotations

import pickle
import socket
from typing import Any, Final

LENGTH: Final = 8  # bytes in front of each message
READ: Final = 1 << 16


class Door:
    """One end. Messages are Python objects of the other end, which is trusted."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def send(self, value: Any) -> None:
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._end.sendall(len(packed).to_bytes(LENGTH, "big") + packed)

    def receive(self) -> Any:
        """The next message. Raises EOFError if the other end is closed."""
        some = self._read()
        while len(some) < LENGTH or len(some) < LENGTH + int.from_bytes(some[:LENGTH], "big"):
            some += self._read()
        return pickle.loads(memoryview(some)[LENGTH:])  # noqa: S301

    def _read(self) -> bytes:
        some = self._end.recv(READ)
        if not some:
            raise EOFError
        return some

    def close(self) -> None:
        self._end.close()
