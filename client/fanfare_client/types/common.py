"""Values and shapes that several resources use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, TypedDict, TypeVar

T = TypeVar("T")

Channel = Literal["email", "sms", "push", "webhook", "inbox"]
State = Literal["pending", "active", "stale", "failed", "sent", "deleted"]
DeliveryStatus = Literal["pending", "sent", "failed", "skipped", "deleted", "digested"]
ReceiptName = Literal["delivered", "delayed", "bounced", "bounced_soft", "complained", "rejected", "no_word"]
Cause = Literal["manual", "bounce", "soft_bounces", "account_list", "complaint", "opt_out"]
Answer = Literal["subscribed", "unsubscribed"]
By = Literal["service", "import", "person", "one_click", "page", "confirmation", "stop"]
Frequency = Literal["immediate", "digest", "daily", "weekly"]


class Page(TypedDict, Generic[T]):
    """A page of a list, with the cursor of the next page."""

    items: Sequence[T]
    next_cursor: str | None


class ItemFault(TypedDict):
    """A validation error: where, what, and what to do."""

    pointer: str
    code: str
    detail: str


class ItemError(TypedDict):
    """Why an item was rejected."""

    code: str
    detail: str
    errors: Sequence[ItemFault]


class ContentWarning(TypedDict):
    """What is likely to be wrong with content that can be sent."""

    code: str
    pointer: str
    detail: str
