"""What a delivery may cost: a change that makes it dearer fails here."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.templates.compiled import Compiled

from bench.counts import exceeded, measure, measure_links
from bench.harness.to_one import TOGETHER, WITHOUT_TOPIC, ToOne, exceeded_by_one, measure_one


def test_a_thousand_deliveries_stay_within_the_budget() -> None:
    limited, unlimited = measure(1_000)
    assert exceeded(limited, unlimited) == []


def test_a_message_to_one_person_stays_within_the_budget() -> None:
    assert exceeded_by_one(measure_one()) == []


def test_the_tenth_mail_of_an_event_leaves_within_a_tenth_of_a_second_of_the_first() -> None:
    """With a provider that takes 100 ms a call, and 10 ms for each other call."""
    world, taken_at = ToOne(), list[float]()
    world.aws.taken = lambda _: taken_at.append(world.now.timestamp())
    world.cost(WITHOUT_TOPIC, number=TOGETHER)
    of_the_event = taken_at[1:]  # the first is the one that warms it up
    assert len(of_the_event) == 10
    assert of_the_event[-1] - of_the_event[0] <= 0.1


def test_a_post_renders_a_part_once_for_all_of_its_checks_and_its_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    world, rendered, shared = ToOne(), list[Any](), Compiled.shared

    def counted(part: Compiled, *given: Any) -> Any:
        rendered.append(given)
        return shared(part, *given)

    monkeypatch.setattr(Compiled, "shared", counted)
    world.post({**WITHOUT_TOPIC, "recipients": ["user-0000001"]}, key="one")
    assert len(rendered) == 3  # subject, HTML and text


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
