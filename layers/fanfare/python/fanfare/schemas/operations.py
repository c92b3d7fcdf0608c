"""Deliveries, explanations and queues in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fanfare.domain.lifecycle import State
from fanfare.schemas.scalars import At, Id, View

DeliveryStatus = Literal["pending", "sent", "failed", "skipped", "deleted", "digested"]
ReceiptName = Literal["delivered", "delayed", "bounced", "bounced_soft", "complained", "rejected", "no_word"]


class DeliveryView(View):
    """The outcome of one recipient. `pending`: not final yet. `receipt`: what the provider reported later.

    `digest_id`: the window of a `digested` recipient.
    """

    user_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    digest_id: str | None
    updated_at: At | None


class UserDeliveryView(View):
    """The outcome of one message for a user, on one channel. `digest_id`: the window of a `digested` one."""

    message_id: Id
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    digest_id: str | None
    updated_at: At


class DeliveriesView(View):
    """Deliveries of a message."""

    items: Sequence[DeliveryView]
    next_cursor: str | None


class UserDeliveriesView(View):
    """Deliveries of a user, sent or not, newest first."""

    items: Sequence[UserDeliveryView]
    next_cursor: str | None


class StepView(View):
    """One recorded step."""

    step: str
    result: str
    at: At | None
    detail: str | None


class RecordedView(View):
    """What happened, from the stored data. `not_reached`: not fanned out yet; `not_chosen`: not a recipient.

    `outcome`: the receipt under which a sent recipient counts, or `no_word` until one comes; null if it was not sent,
    or the channel's provider sends no receipts.
    """

    status: Literal["pending", "sent", "failed", "skipped", "deleted", "digested", "not_reached", "not_chosen"]
    outcome: ReceiptName | None
    reason: str | None
    advice: str | None
    receipt: str | None
    steps: Sequence[StepView]


class RuleView(View):
    """The result of a rule: `passed` or a reason."""

    rule: str
    result: str


class RulesNowView(View):
    """What the rules would decide now: the user, the topic or the time may have changed since."""

    action: Literal["deliver", "defer", "skip", "digest"]
    reason: str | None
    advice: str | None
    until: At | None
    steps: Sequence[RuleView]


class ChannelExplanationView(View):
    """One channel of the message: what is recorded, and what the rules would decide now."""

    channel: str
    recorded: RecordedView
    rules_now: RulesNowView


class ExplanationView(View):
    """Why a user did or did not get a message."""

    message_id: Id
    user_id: str
    state: State
    at: At
    channels: Sequence[ChannelExplanationView]


class QueueView(View):
    """Approximate numbers of jobs in a queue: waiting, in flight, delayed, and in its dead-letter queue."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QueuesView(View):
    """All queues."""

    items: Sequence[QueueView]


class WindowItemView(View):
    """One item of a window."""

    message_id: Id
    at: At


class WindowView(View):
    """The digest of a reader on a topic, channel and key. `message_id`: the digest, once it is closed."""

    id: Id
    topic: str
    channel: str
    key: str | int | float | None
    count: int
    closes_at: At
    state: Literal["open", "closed"]
    message_id: Id | None
    items: Sequence[WindowItemView]


class WindowsView(View):
    """Open digests of a user, oldest first."""

    items: Sequence[WindowView]
    next_cursor: str | None
