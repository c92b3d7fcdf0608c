"""Every code that the console shows has a display text."""

from __future__ import annotations

from typing import get_args

from fanfare.channels import CHANNELS
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import Receipt
from fanfare.domain.digests.gathering import Frequency
from fanfare.domain.eligibility import RULES, Action
from fanfare.domain.outcomes import COUNTED
from fanfare.schemas.messages import CountsView
from fanfare.schemas.operations import DeliveryStatus, RecordedView
from fanfare.schemas.topics import Limit

from console import words


def test_every_reason_has_words() -> None:
    assert words.REASONS["suppressed_soft_bounces"] == "The address is suppressed: repeated soft bounces"
    assert words.REASONS.keys() == {reason.value for reason in Reason}


def test_every_channel_receipt_and_rule_has_words() -> None:
    assert words.CHANNELS.keys() >= CHANNELS.keys()
    assert words.RECEIPTS.keys() == {receipt.value for receipt in Receipt}
    assert words.OUTCOMES.keys() == {"no_word", *(receipt.value for receipt in COUNTED)}
    assert words.RULES.keys() >= {name for name, _ in RULES}
    assert words.RULES.keys() >= {"digest", "limit", "time"}  # the verdict adds these


def test_every_status_count_action_and_frequency_has_words() -> None:
    assert {*words.STATUSES} == {*get_args(DeliveryStatus)}
    assert words.RECORDED.keys() == {*get_args(RecordedView.model_fields["status"].annotation)}
    assert words.COUNTS.keys() == CountsView.model_fields.keys() - {"recipients"}
    assert words.ACTIONS.keys() == {action.value for action in Action}
    assert words.FREQUENCIES.keys() == {each.value for each in Frequency}
    assert words.OVERFLOW.keys() >= {*get_args(Limit.model_fields["overflow"].annotation)}


def test_the_times_of_a_digest_are_words() -> None:
    assert words.every({"seconds": 300}) == "5 minutes after its first message"
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert words.every({"days": week, "at": "18:00"}) == "every day at 18:00, by the reader’s clock"
    assert words.every({"days": ["mon", "thu"], "at": "09:30"}) == "Mon and Thu at 09:30, by the reader’s clock"
