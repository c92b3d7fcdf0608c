"""Events for services: a message reached a final state or was found lost, recipients have outcomes or receipts, and
subscriptions and suppressions changed.

Events are on the deployment's own EventBridge bus; their JSON Schemas are in `docs/events`. An event is published
after its state is stored and contains the same data as the API. Events may be lost or repeated; Fanfare itself does
not depend on them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Protocol

from fanfare.channels.receipts import ReceiptEvent
from fanfare.clock import to_text
from fanfare.domain.audience import By, EndpointHealth, Subscription, SuppressionChange
from fanfare.domain.delivery import Delivery
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message
from fanfare.json_text import written

log = logging.getLogger(__name__)

SOURCE: Final = "fanfare"
MESSAGE_MOVED: Final = "message moved"
DELIVERIES_RECORDED: Final = "deliveries recorded"
RECEIPTS_RECORDED: Final = "receipts recorded"
SUBSCRIPTION_CHANGED: Final = "subscription changed"
SUPPRESSION_CHANGED: Final = "suppression changed"
ENDPOINT_OFF: Final = "endpoint switched off"

# States that listeners act on. `pending` and `active` are intermediate and would triple the cost.
PUBLISHED: Final = frozenset({State.SENT, State.FAILED, State.STALE, State.DELETED})
COUNTED: Final = frozenset({State.SENT, State.FAILED})  # a deleted message may still have deliveries in flight
ENTRIES: Final = 10  # per PutEvents call
RECIPIENTS: Final = 100  # per entry: about 20 KB; the limit of a call is 256 KB


class Client(Protocol):
    """The part of the EventBridge client that is used."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]: ...


class Events:
    """Publishes to `bus`. Messages and outcomes of recipients are buffered and published ten entries per call."""

    def __init__(self, client: Callable[[], Client], *, bus: str) -> None:
        self.client = client
        self.bus = bus
        self._waiting: list[Mapping[str, Any]] = []

    def moved(self, message: Message) -> None:
        """Buffer the new state of a message; the next `flush` publishes it."""
        if message.state in PUBLISHED:
            self._wait(self._entry(MESSAGE_MOVED, f"message/{message.id}", message_moved(message)))

    def recorded(self, deliveries: Sequence[Delivery]) -> None:
        """Buffer outcomes of recipients; the next `flush` publishes them."""
        for detail in deliveries_recorded(deliveries):
            self._wait(self._entry(DELIVERIES_RECORDED, f"message/{detail['message_id']}", detail))

    def receipts_recorded(self, reports: Sequence[ReceiptEvent]) -> None:
        """Publish receipts of deliveries."""
        for detail in receipts_recorded(reports):
            self._waiting.append(self._entry(RECEIPTS_RECORDED, f"message/{detail['message_id']}", detail))
        self.flush()

    def subscriptions_changed(self, changes: Sequence[Subscription]) -> None:
        """Publish new yeses and nos."""
        for each in changes:
            self._waiting.append(self._entry(SUBSCRIPTION_CHANGED, f"user/{each.user_id}", subscription_changed(each)))
        self.flush()

    def suppressions_changed(self, changes: Sequence[SuppressionChange]) -> None:
        """Publish suppressions and their removals, by the users who have the addresses."""
        for change in changes:
            for detail in suppression_changed(change):
                self._waiting.append(self._entry(SUPPRESSION_CHANGED, f"channel/{change.channel}", detail))
        self.flush()

    def endpoint_off(self, user_id: str, channel: str, health: EndpointHealth) -> None:
        """Buffer that a user's own endpoint was switched off."""
        self._waiting.append(self._entry(ENDPOINT_OFF, f"user/{user_id}", endpoint_off(user_id, channel, health)))

    def flush(self) -> None:
        """Publish buffered events. Failed ones are logged and dropped, because the state is stored."""
        while self._waiting:
            call, self._waiting = self._waiting[:ENTRIES], self._waiting[ENTRIES:]
            try:
                refused = self.client().put_events(Entries=call)["FailedEntryCount"]
            except Exception:  # no error here may undo stored state
                log.exception("events lost", extra={"count": len(call)})
            else:
                if refused:
                    log.error("events lost", extra={"count": refused})

    def _wait(self, entry: Mapping[str, Any]) -> None:
        self._waiting.append(entry)
        if len(self._waiting) >= ENTRIES:
            self.flush()

    def _entry(self, detail_type: str, resource: str, detail: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EventBusName": self.bus,
            "Source": SOURCE,
            "DetailType": detail_type,
            "Resources": [resource],
            "Detail": written(detail),
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


def endpoint_off(user_id: str, channel: str, health: EndpointHealth) -> dict[str, Any]:
    """`docs/events/endpoint-switched-off.json`."""
    return {
        "user_id": user_id,
        "channel": channel,
        "reason": health.off,
        "failing_since": health.since,
        "at": health.off_at,
    }


def deliveries_recorded(deliveries: Sequence[Delivery]) -> Iterator[dict[str, Any]]:
    """`docs/events/deliveries-recorded.json`, by message and channel, at most `RECIPIENTS` per event."""

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


def receipts_recorded(reports: Sequence[ReceiptEvent]) -> Iterator[dict[str, Any]]:
    """`docs/events/receipts-recorded.json`, by message and channel, at most `RECIPIENTS` per event."""

    def where(report: ReceiptEvent) -> tuple[str, str]:
        return report.message_id, report.channel

    for (message_id, channel), group in groupby(sorted(reports, key=where), key=where):
        receipts = [{"user_id": each.user_id, "receipt": str(each.receipt), "at": to_text(each.at)} for each in group]
        for start in range(0, len(receipts), RECIPIENTS):
            yield {"message_id": message_id, "channel": channel, "receipts": receipts[start : start + RECIPIENTS]}


def subscription_changed(change: Subscription) -> dict[str, Any]:
    """`docs/events/subscription-changed.json`."""
    return {
        "user_id": change.user_id,
        "topic": change.topic,
        "channel": change.channel,
        "state": str(change.state),
        "at": change.at,
        "by": str(change.by or By.SERVICE),
        "message_id": change.message_id,
    }


def suppression_changed(change: SuppressionChange) -> Iterator[dict[str, Any]]:
    """`docs/events/suppression-changed.json`, at most `RECIPIENTS` users per event. It contains no address."""
    for start in range(0, max(len(change.user_ids), 1), RECIPIENTS):
        yield {
            "channel": change.channel,
            "suppressed": change.cause is not None,
            "cause": change.cause,
            "at": change.at,
            "user_ids": list(change.user_ids[start : start + RECIPIENTS]),
        }
