"""The cost model says what is counted."""

from __future__ import annotations

import pytest
from fanfare.channels import CHANNELS
from fanfare.insight import cost

from bench import cost as made


# `python -m bench.cost` counts the others, too, and says what has changed
@pytest.mark.parametrize(
    ("channel", "limited"),
    [
        *(pytest.param(name, False, marks=() if name == "email" else pytest.mark.long) for name in CHANNELS),
        ("email", True),
    ],
)
def test_the_model_has_what_a_thousand_deliveries_take(channel: str, limited: bool) -> None:
    assert made.counted(channel, limited=limited) == cost.COUNTED[channel][limited]


@pytest.mark.parametrize("limited", [False, True])
def test_the_page_has_what_a_message_to_one_person_takes(limited: bool) -> None:
    assert made.counted_to_one(limited=limited) == made.TO_ONE[limited]
