"""Publishes the events of SES to EventBridge like SES does: delayed, in the background, ten per call."""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from local.emulator.template_patches import STANDS_FOR
from local.providers.ses_events import Event
from tools.progress import console

SOURCE: Final = STANDS_FOR["aws.ses"]
AFTER_SECONDS: Final = 1.0  # receipts come after the answer; the integration tests cover the opposite order
ENTRIES: Final = 10  # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
BREATH: Final = 0.05  # seconds between two calls, so that sending has priority


class Receipts:
    """Publishes the event types that the mail's configuration set requests."""

    def __init__(self) -> None:
        self.wanted: Mapping[str, frozenset[str]] = {}  # configuration set → event types
        self._waiting: queue.SimpleQueue[tuple[float, Event] | None] = queue.SimpleQueue()
        self.waiting = 0  # events not yet published
        self._counting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._events: Any = None

    def publish(self, configuration_set: str | None, event: Event) -> None:
        if _type(event) in self.wanted.get(configuration_set or "", ()):
            self._count(1)
            self._waiting.put((time.monotonic() + AFTER_SECONDS, event))

    def start(self, url: str, *, wanted: Mapping[str, frozenset[str]]) -> None:
        """Start publishing to the default bus of the emulator at `url`."""
        self._events = client("events", url)
        self.wanted = wanted
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread:
            self._waiting.put(None)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while gathered := self._gathered():
            try:
                self._put(gathered)
            except (BotoCoreError, ClientError) as error:
                console.print(f"  [red]Receipts were lost:[/red] {error}")
            self._count(-len(gathered))
            time.sleep(BREATH)

    def _count(self, change: int) -> None:
        with self._counting:
            self.waiting += change

    def _gathered(self) -> list[Event]:
        """The next events that are due; empty after `stop`."""
        first = self._waiting.get()
        gathered: list[Event] = []
        while first is not None:
            due, event = first
            gathered.append(event)
            time.sleep(max(0.0, due - time.monotonic()))
            if len(gathered) == ENTRIES:
                return gathered
            try:
                first = self._waiting.get_nowait()
            except queue.Empty:
                return gathered
        return []

    def _put(self, batch: Sequence[Event]) -> None:
        entries = [
            {"Source": SOURCE, "DetailType": f"Email {event['eventType']}", "Detail": json.dumps(event)}
            for event in batch
        ]
        answer = self._events.put_events(Entries=entries)
        for result in answer["Entries"]:
            if "ErrorCode" in result:
                console.print(f"  [red]A receipt was rejected:[/red] {result['ErrorCode']} {result['ErrorMessage']}")


def _type(event: Event) -> str:
    """The type name of a configuration set: DELIVERY_DELAY for `DeliveryDelay`, RENDERING_FAILURE, …"""
    return re.sub(r"(?<=[a-z]) ?(?=[A-Z])", "_", event["eventType"]).upper()
