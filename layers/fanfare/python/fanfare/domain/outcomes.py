"""Outcomes of recipients, and what providers reported of them later: each recipient counts once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from fanfare.channels.receipts import Receipt, strongest


class Outcome(StrEnum):
    """The outcome of one recipient. The value is its code in the `codes` of a batch."""

    OUTSTANDING = "."
    IN_DOUBT = "?"  # the answer of a provider was lost: sent or not, unknown
    SENT = "S"
    FAILED = "F"
    SKIPPED = "K"
    DELETED = "D"
    DIGESTED = "G"  # it is in a window, whose digest has an outcome of its own

    @property
    def label(self) -> str:
        """The name in the API."""
        return _LABELS[self]


UNSETTLED: Final = (Outcome.OUTSTANDING, Outcome.IN_DOUBT)

_LABELS: Final = {outcome: "pending" if outcome in UNSETTLED else outcome.name.lower() for outcome in Outcome}

Reported = Mapping[Receipt, Collection[int]]  # kind → places in a batch of which the provider reported it

# The others say nothing that is counted
COUNTED: Final = (
    Receipt.DELIVERED,
    Receipt.DELAYED,
    Receipt.BOUNCED,
    Receipt.BOUNCED_SOFT,
    Receipt.COMPLAINED,
    Receipt.REJECTED,
)
NO_WORD: Final = "no_word"  # sent, and nothing reported


def by_place(reported: Reported) -> dict[int, Receipt]:
    """Place → strongest receipt."""
    kinds: dict[int, list[Receipt]] = {}
    for receipt, places in reported.items():
        for place in places:
            kinds.setdefault(place, []).append(receipt)
    return {place: found for place, each in kinds.items() if (found := strongest(each)) is not None}


def of_batch(codes: str, reported: Reported) -> Counter[Receipt]:
    """The receipts of the recipients that were sent."""
    sent = {place for place, code in enumerate(codes) if code == Outcome.SENT.value}
    return Counter(receipt for place, receipt in by_place(reported).items() if place in sent)


def receipt_counts(sent: int, counted: Mapping[Receipt, int]) -> dict[str, int]:
    """As in the API: their sum is `sent`."""
    counts = {receipt.value: counted.get(receipt, 0) for receipt in COUNTED}
    return {**counts, NO_WORD: sent - sum(counts.values())}
