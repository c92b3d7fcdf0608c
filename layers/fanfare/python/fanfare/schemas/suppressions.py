"""Suppressions in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import (
    Field,
)

from fanfare.schemas.scalars import At, Request, View


class PutSuppressionRequest(Request):
    """An address that must not be written to again."""

    cause: Literal["manual", "bounce", "complaint", "opt_out"] | None = Field(
        None, description="Why; `manual` if left out. The first cause is kept."
    )


class SuppressionView(View):
    """An address that must not be written to again, with its cause."""

    channel: str
    address: str
    cause: str
    created_at: At


class SuppressionsView(View):
    """Suppressed addresses, by channel and address."""

    items: Sequence[SuppressionView]
    next_cursor: str | None
