"""How the providers behave: the addresses that misbehave by design, and the switches of the console.

`success@`, `bounce@` and `complaint@simulator.amazonses.com` are accepted, and answered by the events that
SES sends for them. These behave at the call itself, each with or without a label (`down+ada@…`):

    throttle@simulator.example.com               refused as throttled once for a message, then accepted
    timeout-then-accepted@simulator.example.com  the call is accepted whole and its answer lost, once for a message
    down@simulator.example.com                   refused as a transient failure until told otherwise

So do these phones, of the numbers that are kept free for fiction, and these devices, known by how their token begins:

    +12025550101   throttle…   refused as throttled once for a message, then accepted
    +12025550102   timeout…    accepted and the answer lost, once for a message
    +12025550103   down…       refused as a transient failure until told otherwise
    +12025550104               its owner has opted out of text messages
                   disabled…   its endpoint is disabled
                   invalid…    the platform knows no such device

Switches, as JSON at `/simulator` of the console (GET shows them, POST changes those that it names):

    {"down": ["email"]}      the provider of a channel answers 503 to everything; {"down": []} heals it
    {"down_address": false}  heals down@, the phone and the devices like it
    {"rate": 14}             recipients a second that SES takes before it answers 429; null is no limit
    {"receipts": false}      SES tells nothing of the mails that it takes from now on
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

SES_DOMAIN: Final = "simulator.amazonses.com"
OUR_DOMAIN: Final = "simulator.example.com"
CHANNELS: Final = ("email", "sms", "push", "webhook")  # those with a provider
PHONES: Final = {
    "+12025550101": "throttle",
    "+12025550102": "timeout-then-accepted",
    "+12025550103": "down",
    "+12025550104": "opted-out",
}
TOKENS: Final = ("throttle", "timeout-then-accepted", "down", "disabled", "invalid")


class BadSettings(ValueError):
    """The switches cannot be set so. The text says what would do."""


@dataclass(frozen=True)
class SimulatorSettings:
    down: tuple[str, ...] = ()
    down_address: bool = True
    rate: float | None = None
    receipts: bool = True


class Simulator:
    """The switches, and what has misbehaved already."""

    def __init__(self) -> None:
        self.settings = SimulatorSettings()
        self._done: set[tuple[str, str | None, str]] = set()
        self._lock = threading.Lock()
        self._spent: list[tuple[float, int]] = []

    def change(self, changes: Mapping[str, Any]) -> None:
        """Raises BadSettings."""
        with self._lock:
            self.settings = replace(self.settings, **_checked(changes))

    def as_json(self) -> dict[str, Any]:
        return asdict(self.settings)

    def is_down(self, channel: str) -> bool:
        return channel in self.settings.down

    def too_many(self, recipients: int) -> bool:
        """Whether a call is over the rate; it counts if it is not."""
        rate = self.settings.rate
        if rate is None:
            return False
        now = time.monotonic()
        with self._lock:
            self._spent = [(at, count) for at, count in self._spent if at > now - 1]
            # a call of more than a second's worth passes when nothing else has in that second
            if self._spent and sum(count for _, count in self._spent) + recipients > rate:
                return True
            self._spent.append((now, recipients))
            return False

    def throttles(self, address: str, message_id: str | None) -> bool:
        return is_(address, "throttle") and self._first("throttle", message_id, address)

    def loses_the_answer(self, address: str, message_id: str | None) -> bool:
        return is_(address, "timeout-then-accepted") and self._first("timeout", message_id, address)

    def fails(self, address: str) -> bool:
        return self.settings.down_address and is_(address, "down")

    def _first(self, what: str, message_id: str | None, address: str) -> bool:
        with self._lock:
            before = len(self._done)
            self._done.add((what, message_id, address.lower()))
            return len(self._done) > before


def is_(address: str, name: str) -> bool:
    """Whether it is the one that behaves so: an e-mail address of ours, a phone, or the token of a device."""
    if "@" in address:
        return named(address, name, OUR_DOMAIN)
    if address.startswith("+"):
        return PHONES.get(address) == name
    return name in TOKENS and address.startswith(name.partition("-")[0])


def named(address: str, name: str, domain: str) -> bool:
    """Whether it is the simulator address `name`, with or without a label."""
    local, _, at = address.lower().rpartition("@")
    return at == domain and local.partition("+")[0] == name


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    known = [each.name for each in fields(SimulatorSettings)]
    if unknown := changes.keys() - set(known):
        raise BadSettings(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if "down" in changes:
        down = changes["down"]
        if not isinstance(down, list) or any(channel not in CHANNELS for channel in down):
            raise BadSettings(f"down: a list of {', '.join(CHANNELS)}")
        checked["down"] = tuple(sorted(set(down)))
    for name in ("down_address", "receipts"):
        if not isinstance(changes.get(name, True), bool):
            raise BadSettings(f"{name}: true or false")
    rate = changes.get("rate")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0):
        raise BadSettings("rate: a number above 0, or null")
    return checked
