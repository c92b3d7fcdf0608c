"""One message reaches a thousand subscribers: each once, or not at all for a reason that is told."""

from __future__ import annotations

import time
from collections import Counter

from local.demo import job, report
from local.demo.audience import HOW_MANY, Person, PersonKind

from .conftest import World

NOT_SUBSCRIBED = {PersonKind.REFUSED, PersonKind.WITHOUT_SUBSCRIPTION}


def test_a_message_to_a_thousand(world: World, everyone: list[Person], reachable: list[Person]) -> None:
    subscribers = [person for person in everyone if person.kind not in NOT_SUBSCRIBED]
    topic = world.topic(subscribers)
    with world.by_schedule():
        world.console.reset_aws_calls()
        message_id = world.send(topic)
        after_submit = report.flat(world.console.aws_calls())
        message = world.rest(message_id)
        time.sleep(0.5)
        calls = report.only_of_the_message(after_submit, report.flat(world.console.aws_calls()))

    assert message["state"] == "sent"
    counts = message["counts"]
    assert counts["recipients"] == counts["sent"] + counts["skipped"] == len(subscribers)
    assert job.reasons(world.api, message_id, "skipped") == {
        "no_address": HOW_MANY[PersonKind.WITHOUT_ADDRESS],
        "invalid_address": HOW_MANY[PersonKind.SPOILT_ADDRESS],
    }
    assert world.received(message_id) == Counter(person.id for person in reachable)
    assert job.reasons(world.api, message_id, "sent").total() == len(reachable)
    total = sum(count for operations in calls.values() for count in operations.values())
    assert 50 < total * 1000 / counts["sent"] <= report.BUDGET, calls


def test_a_mail_is_rendered_for_its_reader(world: World, reachable: list[Person]) -> None:
    reader = next(person for person in reachable if "<" in person.profile["name"])
    message_id = world.send(world.topic([reader]))
    world.rest(message_id)
    (mail,) = world.console.outbox(message_id=message_id)
    assert mail["to"] == reader.profile["email"]
    assert mail["subject"] == "Your order A-17 is on its way"
    assert "Ana &lt;ana&gt;" in mail["html"]
    assert "Ana <ana>" in mail["text"]
    assert "Linen napkin &lt;natural&gt;" in mail["html"]


def test_a_message_to_chosen_recipients(world: World, reachable: list[Person]) -> None:
    chosen = [person.id for person in reachable[:3]]
    body = {"recipients": [*chosen, "nobody-known"], "channels": ["email"], "content": {"subject": "Hi", "text": "Hi"}}
    message_id = world.api.expect(202, "POST", "/v1/messages", body)["id"]
    assert world.rest(message_id)["state"] == "sent"
    assert world.received(message_id) == Counter(chosen)
