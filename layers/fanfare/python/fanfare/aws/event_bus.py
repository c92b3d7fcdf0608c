"""What services may listen to: a message that came to rest or was found lost, and what became of recipients.

Each is an event on the deployment's own EventBridge bus, described by a JSON Schema in `docs/events`.
It is published after the state that it tells of is written, and tells what the API would answer: an
event that is lost, or comes twice, changes nothing that Fanfare knows.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Protocol

from fanfare.domain.delivery import Delivery
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message

log = logging.getLogger(__name__)

SOURCE: Final = "fanfare"
MESSAGE_MOVED: Final = "message moved"
DELIVERIES_RECORDED: Final = "deliveries recorded"

# What a listener acts on. Pending and active are on the way to one of these, and would triple the cost.
PUBLISHED: Final = frozenset({State.SENT, State.FAILED, State.STALE, State.DELETED})
COUNTED: Final = frozenset({State.SENT, State.FAILED})  # what is deleted may still have some in flight
ENTRIES: Final = 10  # a PutEvents call
RECIPIENTS: Final = 100  # an entry: some 20 KB, of the 256 that a call may have


class Client(Protocol):
    """The part of the EventBridge client that is used."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]: ...


class Events:
    """Publishes to `bus`. What became of recipients is gathered, and goes out ten entries a call."""

    def __init__(self, client: Callable[[], Client], *, bus: str) -> None:
        self.client = client
        self.bus = bus
        self._waiting: list[Mapping[str, Any]] = []

    def moved(self, message: Message) -> None:
        """A message has another state."""
        if message.state in PUBLISHED:
            self._waiting.append(self._entry(MESSAGE_MOVED, message.id, message_moved(message)))
            self.flush()

    def recorded(self, deliveries: Sequence[Delivery]) -> None:
        """Recipients were settled; the next `flush` tells."""
        for detail in deliveries_recorded(deliveries):
            self._waiting.append(self._entry(DELIVERIES_RECORDED, detail["message_id"], detail))
        if len(self._waiting) >= ENTRIES:
            self.flush()

    def flush(self) -> None:
        """Publish what is waiting. What can't be published is logged and forgotten: the state is stored."""
        while self._waiting:
            call, self._waiting = self._waiting[:ENTRIES], self._waiting[ENTRIES:]
            try:
                refused = self.client().put_events(Entries=call)["FailedEntryCount"]
            except Exception:  # whatever it is, it must not undo what happened
                log.exception("events lost", extra={"count": len(call)})
            else:
                if refused:
                    log.error("events lost", extra={"count": refused})

    def _entry(self, detail_type: str, message_id: str, detail: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EventBusName": self.bus,
            "Source": SOURCE,
            "DetailType": detail_type,
            "Resources": [f"message/{message_id}"],
            "Detail": json.dumps(detail, separators=(",", ":")),
        }


def message_moved(message: Message) -> dict[str, Any]:
    """`docs/events/message-moved.json`."""
    last = message.timeline[-1]
    return {
        "message_id": message.id,
        "state": str(message.state),
        "at": last["at"],
        "reason": last.get("reason"),
        "topic": message.topic,
        "template": dict(message.template) if message.template else None,
        "channels": list(message.channels),
        "created_at": message.created_at,
        "counts": dict(message.counts) if message.counts and message.state in COUNTED else None,
    }


def deliveries_recorded(deliveries: Sequence[Delivery]) -> Iterator[dict[str, Any]]:
    """`docs/events/deliveries-recorded.json`, one for each message and channel."""

    def where(delivery: Delivery) -> tuple[str, str]:
        return delivery.message_id, delivery.channel

    for (message_id, channel), group in groupby(sorted(deliveries, key=where), key=where):
        told = [
            {
                "user_id": each.user_id,
                "status": each.status.label,
                "reason": each.reason,
                "attempts": each.attempts,
                "at": each.updated_at,
            }
            for each in group
        ]
        for start in range(0, len(told), RECIPIENTS):
            yield {"message_id": message_id, "channel": channel, "deliveries": told[start : start + RECIPIENTS]}
