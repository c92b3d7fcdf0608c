"""Display texts of codes. A code without a text is shown unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fanfare.channels import REPORTING
from fanfare.channels.reasons import Reason
from fanfare.domain.lifecycle import MEANING, State
from fanfare.self_service.pages.texts import CHANNELS

from .filters import duration, duration_of, listed

__all__ = ["CHANNELS", "MEANING", "REPORTING", "STATES"]

STATES: Final = tuple(state.value for state in State)
# As operators read them; the codes are those of the API
STATE: Final[Mapping[str, str]] = {
    "pending": "queued",
    "active": "sending",
    "stale": "retrying",
    "failed": "failed",
    "sent": "sent",
    "deleted": "cancelled",
}
AT_REST: Final = ("sent", "failed", "deleted")
# Channel → the field with its address, of a user and of `address` in a message
ADDRESSES: Final[Mapping[str, str]] = {"email": "email", "sms": "phone"}
STATUSES: Final = ("sent", "digested", "failed", "skipped", "deleted", "pending")
COUNTS: Final[Mapping[str, str]] = {
    "sent": "Sent",
    "digested": "In a digest",
    "failed": "Failed",
    "skipped": "Skipped",
    "deleted": "Withheld",
    "outstanding": "Outstanding",
}
STATUS: Final[Mapping[str, str]] = {
    "deleted": "withheld",
    "digested": "in a digest",
    "pending": "in progress",
    "not_reached": "not yet",
    "not_chosen": "not selected",
}
TONES: Final[Mapping[str, str]] = {"sent": "good", "failed": "bad", "pending": "busy", "stale": "warn"}

REASON: Final[Mapping[str, Reason]] = {reason.value: reason for reason in Reason}
REASONS: Final[Mapping[str, str]] = {reason.value: reason.text for reason in Reason}
WAITS: Final = "waits: "
QUEUED: Final = "waits: queued"
RECEIPTS: Final[Mapping[str, str]] = {
    "accepted": "Accepted by the provider",
    "bounced": "Bounced (permanent)",
    "bounced_soft": "Bounced (temporary)",
    "complained": "Complaint by the reader",
    "delayed": "Delayed",
    "delivered": "Delivered",
    "opted_out": "Opted out",
    "rejected": "Rejected by the provider",
}
# Receipts under which sent recipients count
OUTCOMES: Final[Mapping[str, str]] = {
    "delivered": "Delivered",
    "bounced": "Bounced",
    "complained": "Complained",
    "rejected": "Rejected",
    "bounced_soft": "Bounced for now",
    "delayed": "Delayed",
    "no_word": "No word yet",
}
ALWAYS: Final = ("delivered", "bounced", "complained", "no_word")  # shown, even if they are 0
# A sent delivery by its receipt: tone and word
FATES: Final[Mapping[str, tuple[str, str]]] = {
    "bounced": ("bad", "bounced"),
    "bounced_soft": ("warn", "bounced for now"),
    "complained": ("bad", "complained"),
    "delayed": ("warn", "delayed"),
    "delivered": ("good", "delivered"),
    "rejected": ("bad", "rejected"),
}
BAD_RECEIPTS: Final = ("bounced", "complained", "rejected")
STEPS: Final[Mapping[str, str]] = {
    "audience": "Audience",
    "batch": "Batch",
    "choice": "Decision",
    "delivery": "Delivery",
    "digest": "Digest",
    "fan_out": "Fan-out",
    "receipt": "Receipt",
}
RESULTS: Final[Mapping[str, str]] = {
    "begun": "started",
    "stopped": "stopped because the message was deleted",
    "being_sent": "being sent now",
    "digested": "put into a digest",
    "ended": "completed",
    "let_through": "eligible",
    "waits: deferred": "waits for the end of quiet hours or of a rate limit",
    "waits: doubt": "waits for a report of the provider",
    "waits: queued": "waits in the queue",
    "waits: retry": "waits for the next attempt",
    "none": "not selected",
    "not_begun": "not started",
    "not_named": "not named by the service",
}
RULES: Final[Mapping[str, str]] = {
    "address": "Has an address",
    "content": "The template has content for this channel",
    "digest": "Goes into a digest",
    "expiry": "The message has not expired",
    "known": "User exists",
    "limit": "Within the rate limit",
    "opt_out": "Has not opted out",
    "subscription": "Is subscribed",
    "suppression": "Address is not suppressed",
    "time": "Outside of quiet hours",
    "step": "The step is due and still needed",
}
# Results of rules that stop nothing, with what is to be said of them
NOT_STOPPED: Final[Mapping[str, str]] = {
    "passed": "",
    "critical": "Passed because the message is critical",
    "decided": "Passed a moment ago",
    "when_due": "Asked when the step is due",
}
RECORDED: Final[Mapping[str, str]] = {
    "deleted": "Withheld because the message was cancelled",
    "digested": "In a digest",
    "failed": "Failed",
    "not_chosen": "Not selected",
    "not_reached": "Not processed yet",
    "pending": "In progress",
    "sent": "Sent",
    "skipped": "Skipped",
}
ACTIONS: Final[Mapping[str, str]] = {
    "defer": "would be sent later",
    "deliver": "would be sent",
    "digest": "would go into a digest",
    "skip": "would be skipped",
}
OVERFLOW: Final[Mapping[str, str]] = {"drop": "skipped", "defer": "sent later", "digest": "put into a digest"}
FREQUENCIES: Final[Mapping[str, str]] = {
    "immediate": "each at once",
    "digest": "as the digest",
    "daily": "daily",
    "weekly": "weekly",
}
CAUSES: Final[Mapping[str, str]] = {
    "account_list": "On the suppression list of the SES account",
    "bounce": "Bounce",
    "complaint": "Complaint",
    "manual": "Manual",
    "opt_out": "Opt-out",
    "soft_bounces": "Repeated soft bounces",
}
CURES: Final[Mapping[str, str]] = {cause: Reason.suppressed(cause).advice.replace("`", "") for cause in CAUSES}
QUEUES: Final[Mapping[str, str]] = {"fan_out": "Fan-out", "record_receipt": "Receipts"}
BY: Final[Mapping[str, str]] = {
    "service": "a service",
    "import": "an import",
    "person": "the person, signed in",
    "one_click": "the person, with the mail program’s button",
    "page": "the person, on the preference page",
    "confirmation": "the person, by confirming",
    "stop": "the person, by replying STOP",
}


WEEK: Final = 7  # days


def every(times: Mapping[str, Any]) -> str:
    """When a digest closes."""
    if times.get("seconds") is not None:
        return f"{duration(times['seconds'])} after its first message"
    days = "every day" if len(times["days"]) == WEEK else listed(day.capitalize() for day in times["days"])
    return f"{days} at {times['at']}, by the reader’s clock"


def wait(recorded: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a person's delivery waits for, and until when; None if it does not wait."""
    for step in recorded["steps"]:
        if step["result"].startswith(WAITS):
            at = None if step["result"] == QUEUED else step["at"]
            return {"result": RESULTS.get(step["result"], step["result"]).capitalize(), "at": at}
    return None


def advice(status: str, reason: str | None) -> str:
    """What can be done. Nothing is retried any more once it has failed."""
    known = REASON.get(reason or "")
    return known.advice_when(failed=status == "failed") if known else ""


UNLESS: Final[Mapping[str, str]] = {"sent": "sent", "delivered": "delivered", "read": "read in the inbox"}


def step(each: Mapping[str, Any]) -> str:
    """A later step of a message."""
    needed = f", unless it was {UNLESS[each['unless']]} before" if each["unless"] else ""
    return f"{listed(map(channel, each['channels']))} after {duration_of(each['after'])}{needed}"


def queue(name: str) -> str:
    return QUEUES.get(name) or CHANNELS.get(name, name)


def channel(name: str) -> str:
    return CHANNELS.get(name, name)
