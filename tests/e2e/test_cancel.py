"""After DELETE has answered, nothing more leaves, save what was in flight."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.api import until
from local.demo.audience import Person

from .conftest import World


def test_a_message_is_deleted_in_mid_flight(
    world: World, reachable: list[Person], simulate: Callable[..., Any]
) -> None:
    people = reachable[:250]
    topic = world.topic(people)
    simulate(rate=50)  # a batch a second
    message_id = world.send(topic)
    until("the first have been sent", lambda: world.get(message_id)["counts"]["sent"], seconds=30, every=0.05)

    answer = world.api.expect(200, "DELETE", f"/v1/messages/{message_id}")
    simulate(rate=None)
    assert answer["state"] == "deleted"
    assert answer["already_sent"] + answer["in_flight"] + answer["withheld"] == len(people)
    assert answer["already_sent"] > 0
    assert answer["withheld"] > 0
    assert world.api.expect(200, "DELETE", f"/v1/messages/{message_id}") == answer

    message = until(
        "all is settled",
        lambda: (m := world.get(message_id))["counts"]["outstanding"] == 0 and m,
        seconds=60,
    )
    sent = world.received(message_id)
    assert message["state"] == "deleted"
    assert message["counts"]["sent"] == sent.total() <= answer["already_sent"] + answer["in_flight"]
    assert message["counts"]["deleted"] >= answer["withheld"]
    time.sleep(5)
    assert world.received(message_id) == sent


def test_a_message_that_is_sent_cannot_be_deleted(world: World, reachable: list[Person]) -> None:
    message_id = world.send(world.topic(reachable[:1]))
    world.rest(message_id)
    reply = world.api.call("DELETE", f"/v1/messages/{message_id}")
    assert (reply.status, reply.json()["code"]) == (409, "message_already_sent")
