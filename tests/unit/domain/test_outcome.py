"""The word for how far a message has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, outcome

NONE = {"recipients": 0, "sent": 0, "failed": 0, "skipped": 0, "deleted": 0, "outstanding": 0}
MESSAGE = Message(
    id="01941f29-7c00-7abc-8def-0123456789ab",
    state=State.ACTIVE,
    caller="orders",
    topic="news",
    template=None,
    channels=("email",),
    priority="normal",
    on_doubt="resend",
    shards=1,
    created_at="2027-01-01T08:00:00.000Z",
    send_at=None,
    expires_at=None,
    retain_until=2_000_000_000,
)


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        ({"sent": 3}, "reached"),
        ({"sent": 3, "skipped": 900}, "reached"),
        ({"sent": 3, "failed": 1}, "partly"),
        ({"sent": 3, "deleted": 1}, "partly"),
        ({}, "nobody"),
        ({"skipped": 3}, "nobody"),
        ({"failed": 3}, "nobody"),
        ({"sent": 3, "outstanding": 1}, "open"),
    ],
)
def test_a_message_at_rest_has_reached_all_some_or_nobody(counts: dict[str, int], word: str) -> None:
    assert outcome(True, NONE | counts) == word


def test_a_message_that_is_not_at_rest_is_open() -> None:
    assert outcome(False, NONE | {"sent": 3}) == "open"
    assert outcome(True, None) == "open"


@pytest.mark.parametrize(
    ("answered", "word"),
    [
        ({"already_sent": 0, "in_flight": 0, "withheld": 7}, "nobody"),
        ({"already_sent": 2, "in_flight": 0, "withheld": 7}, "partly"),
        ({"already_sent": 2, "in_flight": 1, "withheld": 0}, "reached"),
    ],
)
def test_a_deleted_message_is_told_by_what_its_deletion_has_answered(answered: Mapping[str, Any], word: str) -> None:
    message = replace(MESSAGE, state=State.DELETED, cancellation=answered)
    assert outcome(message.at_rest, message.counts_at_rest) == word
