"""Every code that the console shows has a display text."""

from __future__ import annotations

from fanfare.channels import CHANNELS
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import Receipt
from fanfare.domain.eligibility import RULES
from fanfare.domain.outcomes import COUNTED

from console import words


def test_every_reason_has_words() -> None:
    assert words.REASONS["suppressed_soft_bounces"] == "The address is suppressed: repeated soft bounces"
    assert words.REASONS.keys() == {reason.value for reason in Reason}


def test_every_channel_receipt_and_rule_has_words() -> None:
    assert words.CHANNELS.keys() >= CHANNELS.keys()
    assert words.RECEIPTS.keys() == {receipt.value for receipt in Receipt}
    assert words.OUTCOMES.keys() == {"no_word", *(receipt.value for receipt in COUNTED)}
    assert words.RULES.keys() >= {name for name, _ in RULES}
