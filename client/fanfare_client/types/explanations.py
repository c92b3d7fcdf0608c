"""Why a user did or did not receive a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from .common import ReceiptName, State


class Step(TypedDict):
    """One recorded step."""

    step: str
    result: str
    at: str | None
    detail: str | None


class Recorded(TypedDict):
    """What is recorded. `not_reached`: not fanned out yet; `not_chosen`: the fan-out did not select the user.

    `outcome`: what the provider reported, or `no_word` until it does.
    """

    status: Literal["pending", "sent", "failed", "skipped", "deleted", "digested", "not_reached", "not_chosen"]
    outcome: ReceiptName | None
    reason: str | None
    advice: str | None
    receipt: str | None
    steps: Sequence[Step]


class Rule(TypedDict):
    """The result of a rule: `passed` or the reason why not."""

    rule: str
    result: str


class RulesNow(TypedDict):
    """What the rules would decide now. The user, the topic or the time may have changed since the fan-out."""

    action: Literal["deliver", "defer", "skip", "digest"]
    reason: str | None
    advice: str | None
    until: str | None
    steps: Sequence[Rule]


class ChannelExplanation(TypedDict):
    """One channel of the message: what is recorded and, separately, what the rules would decide now."""

    channel: str
    recorded: Recorded
    rules_now: RulesNow


class Explanation(TypedDict):
    """Why a user did or did not receive a message."""

    message_id: str
    user_id: str
    state: State
    at: str
    channels: Sequence[ChannelExplanation]
