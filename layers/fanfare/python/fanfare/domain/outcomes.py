"""What became of a recipient."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What became of one recipient. The value is its code in a batch's string of codes."""

    OUTSTANDING = "."
    IN_DOUBT = "?"  # a provider call whose answer was lost: neither sent nor failed
    SENT = "S"
    FAILED = "F"
    SKIPPED = "K"
    DELETED = "D"

    @property
    def label(self) -> str:
        """The word that the API uses."""
        return _LABELS[self]


UNSETTLED: Final = (Outcome.OUTSTANDING, Outcome.IN_DOUBT)

_LABELS: Final = {outcome: "pending" if outcome in UNSETTLED else outcome.name.lower() for outcome in Outcome}
