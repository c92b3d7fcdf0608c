"""The example of the event bus in the documents, on the emulator: a rule, a queue, and the events that arrive."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import pytest
from botocore import xform_name

from local.api import until
from tests.documents import blocks

from .conftest import World

EXAMPLE: Final = next(block.source for block in blocks("docs/events/README.md") if "put-rule" in block.source)


def commands(bus: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Operation and options of each `aws events` of the example."""
    for line in EXAMPLE.replace("\\\n", " ").splitlines():
        if line.startswith("aws events "):
            words = shlex.split(line.replace("$BUS", bus))[2:]
            options = dict(zip(words[1::2], words[2::2], strict=True))
            yield words[0], {name.removeprefix("--"): value for name, value in options.items()}


@pytest.fixture
def queue(world: World) -> Iterator[str]:
    url: str = world.sqs.create_queue(QueueName="failed-orders")["QueueUrl"]
    yield url
    world.sqs.delete_queue(QueueUrl=url)


def subscribe_queue(world: World, queue: str, pattern: dict[str, Any] | None = None) -> None:
    """Do what the example does, to the emulator's queue; with another pattern, if one is given."""
    events = world.client("events")
    arn = world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for operation, options in commands(world.outputs["EventBusName"]):
        if operation == "put-rule":
            told = json.dumps(pattern) if pattern else options["event-pattern"]
            events.put_rule(Name=options["name"], EventBusName=options["event-bus-name"], EventPattern=told)
        else:
            assert xform_name("PutTargets", "-") == operation
            target = dict(re.findall(r"(\w+)=([^,]+)", options["targets"])) | {"Arn": arn}
            events.put_targets(Rule=options["rule"], EventBusName=options["event-bus-name"], Targets=[target])


def received(world: World, queue: str) -> list[dict[str, Any]]:
    answer = world.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


def test_the_example_of_the_bus_delivers_the_failed_messages_of_its_topic(world: World, queue: str) -> None:
    subscribe_queue(world, queue)
    entry = {
        "EventBusName": world.outputs["EventBusName"],
        "Source": "fanfare",
        "DetailType": "message moved",
        "Detail": json.dumps({"state": "failed", "topic": "orders.shipped"}),
    }
    other = entry | {"Detail": json.dumps({"state": "sent", "topic": "orders.shipped"})}
    world.client("events").put_events(Entries=[other, entry])
    (event,) = until("an event arrives", lambda: received(world, queue), seconds=30)
    assert (event["detail-type"], event["detail"]["state"]) == ("message moved", "failed")


def test_changes_of_subscriptions_and_suppressions_arrive_without_an_address(world: World, queue: str) -> None:
    subscribe_queue(
        world, queue, {"source": ["fanfare"], "detail-type": ["subscription changed", "suppression changed"]}
    )
    person = world.user("auth0|eve", "eve.events@example.com")
    topic = world.topic([person])
    world.api.expect(201, "PUT", "/v1/suppressions/email/eve.events%40example.com", {})
    found: list[dict[str, Any]] = []

    def both() -> bool:
        found.extend(received(world, queue))
        return {event["detail-type"] for event in found} >= {"subscription changed", "suppression changed"}

    until("both events arrive", both, seconds=60)
    (change,) = [
        e["detail"] for e in found if e["detail-type"] == "subscription changed" and e["detail"]["topic"] == topic
    ]
    assert (change["user_id"], change["state"], change["by"]) == ("auth0|eve", "subscribed", "service")
    assert "eve.events" not in json.dumps(found)
