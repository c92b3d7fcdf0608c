"""Nobody gets more than the limit, however many messages come at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from local.demo import job
from local.demo.audience import Person

from .conftest import World

MESSAGES = 10
USERS = 50
LIMIT = 3


def test_three_an_hour_of_ten_at_once(world: World, reachable: list[Person]) -> None:
    people = reachable[:USERS]
    topic = world.topic(people, limit={"count": LIMIT, "per_seconds": 3600, "overflow": "drop"})
    with ThreadPoolExecutor(MESSAGES) as threads:
        messages = list(threads.map(lambda _: world.send(topic), range(MESSAGES)))
    at_rest = [world.rest(message_id, seconds=180) for message_id in messages]

    assert {message["state"] for message in at_rest} == {"sent"}
    received = sum((world.received(message_id) for message_id in messages), Counter[str]())
    assert received == {person.id: LIMIT for person in people}
    skipped = sum((job.reasons(world.api, message_id, "skipped") for message_id in messages), Counter[str]())
    assert skipped == {"rate_limited": (MESSAGES - LIMIT) * USERS}


def test_a_critical_message_passes_the_limit(world: World, reachable: list[Person]) -> None:
    person = reachable[0]
    topic = world.topic([person], limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    first, second, critical = world.send(topic), world.send(topic), world.send(topic, priority="critical")
    states = [world.rest(message_id)["counts"]["sent"] for message_id in (first, second, critical)]
    assert sorted(states[:2]) == [0, 1]
    assert states[2] == 1
