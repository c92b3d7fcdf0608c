"""Messages of a run as they are now: one that is deleted during the run is not sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from threading import Lock

from fanfare.clock import Clock
from fanfare.domain.message import Message
from fanfare.store.messages import Messages

# Messages that were read longer ago are read again before the next call of the provider
LOOK_AGAIN_SECONDS = 0.5


class Watch:
    """Reads the messages again when they were read long ago. Safe with threads."""

    def __init__(self, read: Iterable[Message], *, messages: Messages, clock: Clock) -> None:
        self.messages = messages
        self.clock = clock
        self._known = {message.id: message for message in read}
        self._read_at = clock()
        self._lock = Lock()

    def current(self, message_id: str) -> Message:
        """The message. One that was removed by TTL is returned as it was read last."""
        with self._lock:
            now = self.clock()
            if long_ago(self._read_at, now):
                self._known |= {key: message for key, (message, _) in self.messages.get_many([*self._known]).items()}
                self._read_at = now
            return self._known[message_id]


def long_ago(at: datetime, now: datetime) -> bool:
    """Whether things may have changed since."""
    return (now - at).total_seconds() > LOOK_AGAIN_SECONDS
