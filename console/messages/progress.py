"""Figures of a message: its bar, its line of figures, and how often a page asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..filters import number
from ..words import AT_REST, OUTCOMES, STATE
from .verdict import NO_RECEIPTS, lost

STEPS: Final = 10  # per cent between two announcements to screen readers
LOOKS: Final = ((1_000_000, 30), (100_000, 10), (10_000, 5), (-1, 1))  # above this number of recipients, seconds


def progress(message: Mapping[str, Any]) -> str:
    """State and progress in steps of ten per cent, for screen readers."""
    counts, state = message["counts"], STATE.get(message["state"], message["state"])
    if message["state"] in AT_REST or not counts["recipients"]:
        return str(state)
    settled = counts["recipients"] - counts["outstanding"]
    return f"{state}, {settled * 100 // counts['recipients'] // STEPS * STEPS} %"


def seconds_between_looks(message: Mapping[str, Any], least: int) -> int:
    """How long a page waits before it asks for the message again: counts of large messages change less often."""
    recipients = message["counts"]["recipients"]
    return max(least, next(seconds for above, seconds in LOOKS if recipients > above))


def segments(message: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """The parts of the bar: what, start and width in per cent."""
    counts, found, begin = message["counts"], [], 0.0
    for what, count in _parts(message):
        if count:
            width = count * 100 / counts["recipients"]
            found.append((what, round(begin, 3), round(width, 3)))
            begin += width
    return found


def figures(message: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """What is said in a line: figure, word, and whether it is bad."""
    counts, receipts = message["counts"], {**NO_RECEIPTS, **(message.get("receipts") or {})}
    found = [(f"{number(counts['sent'])} of {number(counts['recipients'])}", "sent", False)]
    said = [
        (name, receipts[name], name in ("bounced", "complained", "rejected")) for name in OUTCOMES if name in receipts
    ]
    found += [(number(count), OUTCOMES[name].lower(), bad) for name, count, bad in said if count and name != "no_word"]
    others = (
        ("skipped", "skipped", False),
        ("failed", "failed", True),
        ("deleted", "withheld", False),
        ("digested", "in a digest", False),
    )
    found += [(number(counts[name]), word, bad) for name, word, bad in others if counts.get(name)]
    return found


def _parts(message: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    counts, receipts = message["counts"], {**NO_RECEIPTS, **(message.get("receipts") or {})}
    bad = lost(receipts) + receipts["complained"]
    yield "delivered", receipts["delivered"]
    yield "sent", max(0, counts["sent"] - bad - receipts["delivered"])
    yield "bounced", bad
    yield "failed", counts["failed"]
    yield "digested", counts.get("digested", 0)
    yield "skipped", counts["skipped"]
    yield "deleted", counts["deleted"]
    yield "outstanding", counts["outstanding"]
