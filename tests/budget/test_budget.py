"""What a delivery may cost: a change that makes it dearer fails here."""

from __future__ import annotations

import pytest

from bench.counts import exceeded, measure, measure_links
from bench.harness.to_one import exceeded_by_one, measure_one


def test_a_thousand_deliveries_stay_within_the_budget() -> None:
    limited, unlimited = measure(1_000)
    assert exceeded(limited, unlimited) == []


def test_a_message_to_one_person_stays_within_the_budget() -> None:
    assert exceeded_by_one(measure_one()) == []


def test_footer_link_to_view_and_sender_cost_no_call() -> None:
    bare, linked = measure_links(1_000)
    assert linked.usage.calls == bare.usage.calls
    assert linked.write_units == bare.write_units


@pytest.mark.long
def test_the_cost_of_a_delivery_does_not_grow_with_the_audience() -> None:
    _, small = measure(500)
    _, large = measure(3_000)
    assert large.calls_per_1000 <= small.calls_per_1000 * 1.1
    assert large.write_units <= small.write_units * 1.1
