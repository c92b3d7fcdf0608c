"""What is seldom gone through, on every channel: nothing of it may be refused by IAM when its day comes."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from fanfare.channels import CHANNELS
from fanfare.clock import to_text

from infra.constructs.naming import pascal
from local.api import until
from local.demo.audience import Person, PersonKind

from .conftest import World

pytestmark = pytest.mark.long
TEMPLATE = "e2e-rare"
BODY = {
    "channels": {
        "email": {"subject": "Hello", "html": "<p>Hello</p>", "text": "Hello"},
        "sms": {"text": "Hello"},
        **{channel: {"title": "Hello", "body": "Hello"} for channel in ("push", "webhook", "inbox")},
    },
    "example": {},
}


@pytest.fixture(scope="module")
def eve(world: World) -> Person:
    """Somebody who is reached on every channel."""
    profile = {
        "name": "Eve",
        "email": "rare@example.com",
        "phone": "+12025559876",
        "push": [{"platform": "android", "token": "rare"}],
        "webhook": {"url": f"{world.hooks}/rare"},
    }
    eve = Person("e2e-rare", PersonKind.REACHABLE, profile)
    world.store([eve])
    return eve


def sent_everywhere(world: World, topic: str, template: str) -> str:
    version = world.api.expect(201, "PUT", f"/v1/templates/{template}", BODY)["version"]
    return world.send(topic, template={"id": template, "version": version}, data={})


def copies(world: World, message_id: str) -> Counter[str]:
    """How many pieces of a message each channel's provider has, or the inbox."""
    return Counter({name: len(world.console.outbox(channel=name, message_id=message_id)) for name in CHANNELS})


def die_with(world: World, message_id: str) -> None:
    """Leave on each open batch the lease of a worker that never came back."""
    dynamodb, table = world.client("dynamodb"), world.outputs["BatchesTableName"]
    for batch in world.batches_of(message_id):
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": f"{message_id}#0"}, "sk": {"S": f"open#{batch}"}},
            UpdateExpression="SET lease_owner = :dead, lease_until = :over",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={
                ":dead": {"S": "dead"},
                ":over": {"S": to_text(datetime.now(UTC) - timedelta(seconds=1))},
            },
        )


@contextmanager
def without_its_template(world: World, template: str) -> Iterator[None]:
    """The version is gone from the table, and back afterwards."""
    dynamodb, table = world.client("dynamodb"), world.outputs["CatalogueTableName"]
    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"template#{template}"}},
    )["Items"]
    for item in found:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    try:
        yield
    finally:
        for item in found:
            dynamodb.put_item(TableName=table, Item=item)


def put_off(world: World, message_id: str) -> bool:
    """Whether each open batch has had an attempt and waits for the next."""
    answer = world.client("dynamodb").query(
        TableName=world.outputs["BatchesTableName"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :open)",
        ExpressionAttributeValues={":pk": {"S": f"{message_id}#0"}, ":open": {"S": "open#"}},
    )
    return all(int(item["attempts"]["N"]) > 0 for item in answer["Items"])


def test_dead_workers_and_a_lost_template_are_made_good_on_every_channel(world: World, eve: Person) -> None:
    topic = world.topic([eve], channels=[*CHANNELS])
    with world.nobody_delivers(*CHANNELS):
        left, held = sent_everywhere(world, topic, TEMPLATE), sent_everywhere(world, topic, f"{TEMPLATE}-lost")
        for message_id in (left, held):
            world.fanned_out(message_id, len(CHANNELS))
        die_with(world, left)
    with without_its_template(world, f"{TEMPLATE}-lost"):
        until("each channel has tried", lambda: put_off(world, held), seconds=180)
    for message_id in (left, held):
        assert world.rest(message_id)["state"] == "sent"
        assert copies(world, message_id) == Counter(CHANNELS.keys())


def test_dead_letters_of_what_is_settled_are_taken_away(world: World, eve: Person) -> None:
    message_id = sent_everywhere(world, world.topic([eve], channels=[*CHANNELS]), TEMPLATE)
    world.rest(message_id)
    letters = {name: {"message_id": message_id, "batch_id": "0000-000000-00", "generation": 1} for name in CHANNELS}
    for name, letter in (letters | {"fan_out": {"message_id": message_id, "shard": 0}}).items():
        url = world.outputs[f"{pascal(name)}DeadLettersUrl"]
        world.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))
    world.drained(*(f"{pascal(name)}DeadLettersUrl" for name in ("fan_out", *CHANNELS)))
    assert copies(world, message_id) == Counter(CHANNELS.keys())


def test_what_is_deleted_after_its_copies_were_lost_is_settled(world: World, eve: Person) -> None:
    with world.nobody_delivers():
        message_id = sent_everywhere(world, world.topic([eve]), TEMPLATE)
        world.fanned_out(message_id, 1)
        time.sleep(1)  # the ids follow the commit
        world.sqs.purge_queue(QueueUrl=world.outputs["EmailQueueUrl"])
    world.api.expect(200, "DELETE", f"/v1/messages/{message_id}")
    listed = f"/v1/messages/{message_id}/deliveries"

    def recorded() -> bool:
        (delivery,) = world.api.expect(200, "GET", listed)["items"]
        return delivery["status"] == "deleted" and delivery["updated_at"] is not None

    until("it is settled", recorded, seconds=60)
    assert not world.received(message_id)


def test_a_fan_out_that_lost_its_job_is_found_and_begun(world: World, reachable: list[Person]) -> None:
    people = reachable[:5]
    topic = world.topic(people)
    with world.nobody_delivers("fan_out"):
        message_id = world.send(topic)
        world.sqs.purge_queue(QueueUrl=world.outputs["FanOutQueueUrl"])
    message = world.rest(message_id)
    assert message["state"] == "sent"
    assert "stale" in [move["state"] for move in message["timeline"]]
    assert world.received(message_id) == Counter(person.id for person in people)


def test_a_fan_out_without_time_left_hands_on_to_itself(world: World, reachable: list[Person]) -> None:
    people = reachable[:250]
    # each user who is counted takes a place in the page's transaction: three pages
    topic = world.topic(people, limit={"count": 100, "per_seconds": 3600, "overflow": "drop"})
    described = world.lambdas.get_paginator("list_functions").paginate()
    (fan_out,) = (each for page in described for each in page["Functions"] if each["Description"] == "Fanfare: fan_out")
    # nothing is left of this but what it keeps in reserve: it ends after each page
    world.lambdas.update_function_configuration(FunctionName=fan_out["FunctionName"], Timeout=20)
    try:
        message_id = world.send(topic)
        assert world.rest(message_id)["state"] == "sent"
    finally:
        world.lambdas.update_function_configuration(FunctionName=fan_out["FunctionName"], Timeout=fan_out["Timeout"])
    assert world.received(message_id) == Counter(person.id for person in people)


def test_somebody_moves_and_then_wants_to_be_forgotten(world: World) -> None:
    eve = world.user("e2e-forgotten", "before@example.com")
    topic = world.topic([eve], channels=["email", "inbox"])
    moved = Person(eve.id, eve.kind, {**eve.profile, "email": "after@example.com"})
    world.api.expect(200, "PUT", f"/v1/users/{eve.id}", moved.profile)
    message_id = sent_everywhere(world, topic, TEMPLATE)
    assert world.rest(message_id)["state"] == "sent"
    world.api.expect(204, "DELETE", f"/v1/users/{eve.id}")
    assert world.api.call("GET", f"/v1/users/{eve.id}").status == 404
    assert not world.console.outbox(channel="inbox", to=eve.id)


def test_templates_are_listed_and_hidden(world: World) -> None:
    world.api.expect(201, "PUT", f"/v1/templates/{TEMPLATE}-hidden", BODY)
    assert len(world.api.expect(200, "GET", f"/v1/templates/{TEMPLATE}-hidden/versions")["items"]) == 1
    world.api.expect(204, "DELETE", f"/v1/templates/{TEMPLATE}-hidden")
    listed = [each["id"] for each in world.api.expect(200, "GET", "/v1/templates?limit=100")["items"]]
    assert f"{TEMPLATE}-hidden" not in listed


def test_a_new_phone_gets_a_code_and_is_confirmed_by_it(world: World) -> None:
    grace, number = world.account("grace"), "+12025554321"
    assert grace.call("PATCH", "/v1/me", {"phone": number}).status == 200
    (text,) = world.console.outbox(channel="sms", to=number)
    (code,) = re.findall(r"\b\d{6}\b", text["text"])
    answer = grace.call("POST", "/v1/me/confirmations", {"channel": "sms", "code": code})
    assert (answer.status, answer.json()["phone"]) == (200, number)
