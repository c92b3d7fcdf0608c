"""Each recipient counts once, under the strongest receipt."""

from __future__ import annotations

import pytest
from fanfare.channels.receipts import Receipt
from fanfare.domain.outcomes import by_place, of_batch, receipt_counts

NONE = {"delivered": 0, "delayed": 0, "bounced": 0, "bounced_soft": 0, "complained": 0, "rejected": 0}


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("accepted", "delayed"),
        ("delayed", "bounced_soft"),
        ("bounced_soft", "delivered"),
        ("delivered", "rejected"),
        ("rejected", "bounced"),
        ("bounced", "complained"),
    ],
)
def test_the_stronger_of_two_receipts_counts(weaker: str, stronger: str) -> None:
    assert by_place({Receipt(weaker): {7}, Receipt(stronger): {7}}) == {7: Receipt(stronger)}
    assert by_place({Receipt(stronger): {7}, Receipt(weaker): {7}}) == {7: Receipt(stronger)}


def test_only_receipts_of_recipients_that_were_sent_count() -> None:
    counted = of_batch("SFK?.SS", {Receipt.DELIVERED: {0, 1, 2, 3, 4, 5, 99}, Receipt.COMPLAINED: {0}})
    assert counted == {Receipt.COMPLAINED: 1, Receipt.DELIVERED: 1}


def test_the_receipts_add_up_to_those_sent() -> None:
    counted = receipt_counts(10, {Receipt.DELIVERED: 6, Receipt.BOUNCED: 1})
    assert counted == {**NONE, "delivered": 6, "bounced": 1, "no_word": 3}
    assert receipt_counts(0, {}) == {**NONE, "no_word": 0}
