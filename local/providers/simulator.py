"""The behaviour of the simulated providers: special addresses, and switches in the console.

`success@`, `bounce@`, `ooto@` (out of office), `complaint@` and `suppressionlist@simulator.amazonses.com` are accepted;
the events that SES sends for them follow. SES's own simulator has no addresses for these:

    no-mailbox@simulator.example.com             bounces: there is no such mailbox
    full@simulator.example.com                   bounces: the mailbox is full
    content@simulator.example.com                bounces: the content was rejected
    listed@simulator.example.com                 SES does not try: the account's suppression list has the address
    not-spam@simulator.example.com               delivered, then taken out of the spam folder
    unverified@simulator.example.com             not verified, as any address is in the sandbox: the call is refused

These addresses change the call itself, with or without a label (`down+ada@…`):

    throttle@simulator.example.com               throttled once per message, then accepted
    timeout-then-accepted@simulator.example.com  the call is accepted and its answer lost, once per message
    down@simulator.example.com                   transient failure until switched off

The same for these phone numbers (reserved for fiction) and device tokens (by prefix):

    +12025550101   throttle…   throttled once per message, then accepted
    +12025550102   timeout…    accepted and the answer lost, once per message
    +12025550103   down…       transient failure until switched off
    +12025550104               the owner has opted out of text messages
                   disabled…   the endpoint is disabled
                   invalid…    unknown device

Switches, as JSON at `/simulator` of the console (GET reads them, POST changes the given ones):

    {"down": ["email"]}      the channel's provider answers 503 to all calls; {"down": []} ends it
    {"down_address": false}  down@ and the corresponding phone number and devices work
    {"rate": 14}             recipients per second that SES accepts before it answers 429; null: no limit
    {"receipts": false}      SES sends no events for mails accepted from now on
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

SES_DOMAIN: Final = "simulator.amazonses.com"
OUR_DOMAIN: Final = "simulator.example.com"
CHANNELS: Final = ("email", "sms", "push", "webhook")  # channels with a provider
PHONES: Final = {
    "+12025550101": "throttle",
    "+12025550102": "timeout-then-accepted",
    "+12025550103": "down",
    "+12025550104": "opted-out",
}
TOKENS: Final = ("throttle", "timeout-then-accepted", "down", "disabled", "invalid")


class BadSettings(ValueError):
    """Invalid switches. The message says what is allowed."""


@dataclass(frozen=True)
class SimulatorSettings:
    down: tuple[str, ...] = ()
    down_address: bool = True
    rate: float | None = None
    receipts: bool = True


class Simulator:
    """The switches, and which once-per-message failures have happened."""

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
        """Whether a call exceeds the rate. If not, it counts towards the rate."""
        rate = self.settings.rate
        if rate is None:
            return False
        now = time.monotonic()
        with self._lock:
            self._spent = [(at, count) for at, count in self._spent if at > now - 1]
            # a call with more recipients than the rate passes if nothing else was sent in that second
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

    @staticmethod
    def is_unverified(address: str) -> bool:
        return named(address, "unverified", OUR_DOMAIN)

    def _first(self, what: str, message_id: str | None, address: str) -> bool:
        with self._lock:
            before = len(self._done)
            self._done.add((what, message_id, address.lower()))
            return len(self._done) > before


def is_(address: str, name: str) -> bool:
    """Whether an e-mail address, phone number or device token is the special one called `name`."""
    if "@" in address:
        return named(address, name, OUR_DOMAIN)
    if address.startswith("+"):
        return PHONES.get(address) == name
    return name in TOKENS and address.startswith(name.partition("-")[0])


def named(address: str, name: str, domain: str) -> bool:
    """Whether the address is `name@domain`, with or without a label."""
    local, _, at = address.lower().rpartition("@")
    return at == domain and local.partition("+")[0] == name


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    known = [each.name for each in fields(SimulatorSettings)]
    if unknown := changes.keys() - set(known):
        raise BadSettings(f"Unknown switches: {', '.join(sorted(unknown))}. The switches are {', '.join(known)}.")
    if "down" in changes:
        down = changes["down"]
        if not isinstance(down, list) or any(channel not in CHANNELS for channel in down):
            raise BadSettings(f"down: must be a list of {', '.join(CHANNELS)}.")
        checked["down"] = tuple(sorted(set(down)))
    for name in ("down_address", "receipts"):
        if not isinstance(changes.get(name, True), bool):
            raise BadSettings(f"{name}: must be true or false.")
    rate = changes.get("rate")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0):
        raise BadSettings("rate: must be a number above 0, or null.")
    return checked
