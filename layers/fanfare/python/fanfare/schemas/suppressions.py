"""Suppressions in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import (
    Field,
)

from fanfare.schemas.scalars import At, Request, View


class PutSuppressionRequest(Request):
    """A suppression of an address: nothing more is sent to it."""

    cause: Literal["manual", "bounce", "soft_bounces", "account_list", "complaint", "opt_out"] | None = Field(
        None, description="The cause. Default: `manual`. The first cause is kept."
    )


class SuppressionView(View):
    """A suppressed address with its cause."""

    channel: str
    address: str
    cause: str
    created_at: At


class SuppressionsView(View):
    """Suppressed addresses, by channel and address."""

    items: Sequence[SuppressionView]
    next_cursor: str | None
