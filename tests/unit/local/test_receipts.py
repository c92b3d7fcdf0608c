"""What SES tells of mails goes to EventBridge: what the configuration set asks for, ten at a time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local.providers import receipts
from local.providers.receipts import Receipts

WANTED = {"set-1": frozenset({"DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY"})}


class Bus:
    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(Entries)
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(receipts, "client", lambda *_: bus)
    monkeypatch.setattr(receipts, "AFTER_SECONDS", 0.05)
    return bus


def published(bus: Bus, *events: tuple[str | None, str]) -> list[str]:
    """The kinds that reach the bus."""
    told = Receipts()
    told.start("http://127.0.0.1:1", wanted=WANTED)
    for configuration_set, kind in events:
        told.publish(configuration_set, {"eventType": kind})
    deadline = time.monotonic() + 5
    while told.waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    told.stop()
    return [json.loads(entry["Detail"])["eventType"] for call in bus.calls for entry in call]


def test_what_is_asked_for_is_told_in_order(bus: Bus) -> None:
    kinds = ["Delivery", "Rendering Failure", "DeliveryDelay"]
    assert published(bus, *(("set-1", kind) for kind in ["Send", *kinds])) == kinds
    assert {entry["Source"] for call in bus.calls for entry in call} == {"simulator.ses"}


def test_nobody_asks_for_what_goes_by_no_configuration_set(bus: Bus) -> None:
    assert published(bus, (None, "Delivery"), ("another", "Delivery")) == []


def test_a_call_takes_ten(bus: Bus) -> None:
    assert len(published(bus, *[("set-1", "Delivery")] * 25)) == 25
    assert max(len(call) for call in bus.calls) == 10
