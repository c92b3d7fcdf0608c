"""Outcomes of recipients."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """The outcome of one recipient. The value is its code in the `codes` of a batch."""

    OUTSTANDING = "."
    IN_DOUBT = "?"  # the answer of a provider was lost: sent or not, unknown
    SENT = "S"
    FAILED = "F"
    SKIPPED = "K"
    DELETED = "D"

    @property
    def label(self) -> str:
        """The name in the API."""
        return _LABELS[self]


UNSETTLED: Final = (Outcome.OUTSTANDING, Outcome.IN_DOUBT)

_LABELS: Final = {outcome: "pending" if outcome in UNSETTLED else outcome.name.lower() for outcome in Outcome}
