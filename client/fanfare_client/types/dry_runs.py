"""What a message would do, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from .common import ContentWarning


class CostLine(TypedDict):
    """`quantity` units at `price` per `per` units. `what` is a channel or `infrastructure`."""

    what: str
    quantity: int
    unit: str
    price: float
    per: int
    amount: float
    source: str


class Cost(TypedDict):
    """An estimate from the list prices of `as_of`, without free tier, discounts and tax."""

    currency: str
    total: float
    as_of: str
    lines: Sequence[CostLine]


class Sample(TypedDict):
    """The content for one user. `segments` if the provider bills by segment; `error` if it does not render."""

    channel: str
    locale: str | None
    recipients: int
    user_id: str | None
    content: Mapping[str, str] | None
    segments: int | None
    encoding: str | None
    encoding_because: str | None
    error: str | None


class DryRun(TypedDict):
    """What would happen if the message were fanned out at `at`. Nothing is stored."""

    at: str
    sampled: bool
    looked_at: int
    audience: Mapping[str, int]
    deliver: Mapping[str, int]
    deferred: Mapping[str, Mapping[str, int]]
    digested: Mapping[str, int]
    skipped: Mapping[str, Mapping[str, int]]
    segments: Mapping[str, int]
    samples: Sequence[Sample]
    samples_left_out: int
    estimated_cost: Cost
    warnings: Sequence[ContentWarning]
