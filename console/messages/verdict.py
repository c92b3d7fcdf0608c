"""The outcome of a message, in a word with its colour, and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..filters import Times, number, percent, plural, written

# Amazon SES reviews accounts above these rates: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
BOUNCES: Final = 0.05
COMPLAINTS: Final = 0.001
NO_COUNTS: Final = {
    "recipients": 0,
    "sent": 0,
    "failed": 0,
    "skipped": 0,
    "deleted": 0,
    "digested": 0,
    "outstanding": 0,
}
NO_RECEIPTS: Final = {"delivered": 0, "bounced": 0, "bounced_soft": 0, "complained": 0, "delayed": 0, "rejected": 0}


@dataclass(frozen=True)
class Verdict:
    """`tone` is the colour: good, warn, bad, busy or calm."""

    tone: str
    word: str
    text: str


def verdict(message: Mapping[str, Any], times: Times, now: str) -> Verdict:
    """The verdict of a message with its counts. `now`: as in the API."""
    counts = message.get("counts") or NO_COUNTS
    if message["state"] == "pending":
        return _pending(message, times, now)
    if message["state"] == "active":
        return Verdict("busy", "sending", _so_far(counts))
    if message["state"] == "stale":
        return Verdict("warn", "retrying", f"Part of it was lost and is sent again. {_so_far(counts)}")
    if message["state"] == "deleted":
        return _cancelled(message, counts)
    if message["state"] == "failed":
        return _failed(counts)
    return _sent(message, counts)


def scheduled_for(message: Mapping[str, Any], times: Times) -> str | None:
    """The time before which it is not sent, in words."""
    at = message.get("send_at")
    if isinstance(at, Mapping):  # the wall clock of each reader
        return f"{written(datetime.fromisoformat(at['local']))} by each reader’s clock"
    return times.minute(at) if at else None


def lost(receipts: Mapping[str, int]) -> int:
    """The number of recipients that it did not reach though the provider accepted it."""
    return receipts["bounced"] + receipts["rejected"]


def _pending(message: Mapping[str, Any], times: Times, now: str) -> Verdict:
    at = message.get("send_at")
    if at and (isinstance(at, Mapping) or at > now):
        return Verdict("calm", "scheduled", f"Scheduled for {scheduled_for(message, times)}.")
    return Verdict("busy", "queued", "Waiting to be processed.")


def _so_far(counts: Mapping[str, int]) -> str:
    if not counts["recipients"]:
        return "Looking for recipients."
    return f"{number(counts['sent'])} of {plural(counts['recipients'], 'recipient')} sent so far."


def _cancelled(message: Mapping[str, Any], counts: Mapping[str, int]) -> Verdict:
    if not counts["recipients"]:
        who = f"the subscribers of {message['topic']}" if message.get("topic") else "the named users"
        return Verdict("calm", "cancelled", f"Withheld from {who}: it was cancelled before it was sent to anyone.")
    withheld = f"Withheld from {plural(counts['deleted'], 'recipient')}"
    if counts["outstanding"]:
        withheld += f", {number(counts['outstanding'])} were being sent"
    if counts["sent"]:
        return Verdict("warn", "cancelled in part", f"{withheld}; {number(counts['sent'])} were already sent.")
    return Verdict("calm", "cancelled", f"{withheld}.")


def _failed(counts: Mapping[str, int]) -> Verdict:
    if not counts["recipients"]:
        return Verdict("bad", "failed", "It was sent to no one.")
    if not counts["sent"]:
        return Verdict("bad", "failed", f"None of {plural(counts['recipients'], 'recipient')} was sent.")
    text = f"{number(counts['failed'])} of {plural(counts['recipients'], 'recipient')} failed."
    return Verdict("bad", "failed in part", f"{text} They can be sent again.")


def _sent(message: Mapping[str, Any], counts: Mapping[str, int]) -> Verdict:
    receipts = {**NO_RECEIPTS, **(message.get("receipts") or {})}
    sent = counts["sent"]
    if not counts["recipients"]:
        return Verdict("warn", "reached no one", "No one was subscribed or named.")
    digested = counts.get("digested", 0)
    if digested and not sent:
        text = f"Of {plural(counts['recipients'], 'recipient')}, {number(digested)} get it in a digest."
        return Verdict("good", "in digests", text)
    if not sent:
        return Verdict("warn", "reached no one", f"{_all(counts['skipped'], 'candidate')} skipped.")
    if bad := _refused(sent, receipts):
        return bad
    bounced = lost(receipts)
    if receipts["delivered"] + receipts["complained"] + bounced == sent:
        others = f"{_bounced(bounced, sent)}; the others have it." if bounced else "Every recipient has it."
        return Verdict("good", "delivered", others)
    return Verdict("good", "sent", f"The providers accepted {plural(sent, 'recipient')}.")


def _refused(sent: int, receipts: Mapping[str, int]) -> Verdict | None:
    """The verdict of a message that too many bounced or complained of."""
    bounced, complained = lost(receipts), receipts["complained"]
    if bounced == sent:
        return Verdict("bad", "bounced", f"{_all(sent, 'recipient')} refused after it was sent: it reached no one.")
    if bounced >= sent * BOUNCES:
        text = f"{_bounced(bounced, sent)}. Amazon SES reviews accounts above 5 %."
        return Verdict("warn", "bounced in part", text)
    if complained and complained >= sent * COMPLAINTS:
        text = f"{plural(complained, 'reader')} complained ({percent(complained, sent)})"
        return Verdict("warn", "complaints", f"{text}. Amazon SES reviews accounts above 0.1 %.")
    return None


def _bounced(bounced: int, sent: int) -> str:
    return f"{plural(bounced, 'recipient')} bounced ({percent(bounced, sent)})"


def _all(count: int, what: str) -> str:
    return f"The one {what} was" if count == 1 else f"All {number(count)} {what}s were"
