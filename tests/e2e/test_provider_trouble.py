"""What a provider does wrong costs nobody a mail, and nobody gets it twice without need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from local.api import until
from local.demo import job
from local.demo.audience import Person

from .conftest import World


@pytest.mark.long
def test_a_provider_that_stays_down_fails_the_message_and_a_redrive_makes_it_good(
    world: World, reachable: list[Person], simulate: Callable[..., Any]
) -> None:
    people = reachable[:70]
    topic = world.topic(people)
    simulate(down=["email"])
    message_id = world.send(topic)
    dead = {"QueueUrl": world.outputs["EmailDeadLettersUrl"], "AttributeNames": ["All"]}

    def seen_dead() -> bool:
        attributes = world.sqs.get_queue_attributes(**dead)["Attributes"]
        return any(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible"))

    until("a batch is in the dead letters", seen_dead, seconds=60, every=0.1)
    message = world.rest(message_id)
    assert message["state"] == "failed"
    assert message["counts"]["failed"] == len(people)
    (reason,) = job.reasons(world.api, message_id, "failed")
    assert reason.startswith("provider_")
    assert not world.received(message_id)

    simulate(down=[])
    world.api.expect(202, "POST", f"/v1/messages/{message_id}/redrives")
    assert world.rest(message_id)["state"] == "sent"
    assert world.received(message_id) == Counter(person.id for person in people)


@pytest.mark.long
def test_a_redrive_serves_only_those_who_failed(
    world: World, reachable: list[Person], simulate: Callable[..., Any]
) -> None:
    down = world.user("e2e-down", "down@simulator.example.com")
    people = reachable[:20]
    message_id = world.send(world.topic([*people, down]))
    message = world.rest(message_id)
    assert message["state"] == "failed"
    assert (message["counts"]["sent"], message["counts"]["failed"]) == (len(people), 1)
    assert [delivery["user_id"] for delivery in job.deliveries(world.api, message_id, "failed")] == [down.id]

    simulate(down_address=False)
    world.api.expect(202, "POST", f"/v1/messages/{message_id}/redrives")
    assert world.rest(message_id)["state"] == "sent"
    assert world.received(message_id) == Counter(person.id for person in [*people, down])
    assert world.api.call("POST", f"/v1/messages/{message_id}/redrives").status == 409


def test_a_throttle_is_no_failure(world: World, reachable: list[Person]) -> None:
    people = [*reachable[:5], world.user("e2e-throttle", "throttle@simulator.example.com")]
    message_id = world.send(world.topic(people))
    assert world.rest(message_id)["state"] == "sent"
    assert world.received(message_id) == Counter(person.id for person in people)


def test_a_lost_answer_that_nothing_explains_is_held_or_sent_again_as_the_message_says(
    world: World, simulate: Callable[..., Any]
) -> None:
    simulate(receipts=False)
    person = world.user("e2e-timeout", "timeout-then-accepted@simulator.example.com")
    topic = world.topic([person])
    held, resent = (world.send(topic, on_doubt=choice) for choice in ("hold", "resend"))
    assert world.rest(held)["state"] == "failed"
    assert job.reasons(world.api, held, "failed") == {"outcome_unknown": 1}
    assert world.rest(resent)["state"] == "sent"
    assert (world.received(held)[person.id], world.received(resent)[person.id]) == (1, 2)
