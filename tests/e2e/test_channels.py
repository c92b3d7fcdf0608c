"""One message on all five channels: each user gets it on each, in the right language, as the provider shows it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fanfare.channels.webhook import Owner, secret
from standardwebhooks import Webhook

from local.demo import job
from local.demo.audience import Person, PersonKind

from .conftest import World

CHANNELS = ("email", "sms", "push", "webhook", "inbox")
TEMPLATE = "e2e-five"
HOW_MANY = 200


def person(number: int, hooks: str) -> Person:
    """Every second one reads German; of every ten, one has two devices and one an iPhone."""
    user_id = f"five-{number:03}"
    devices = [{"platform": "ios" if number % 10 == 7 else "android", "token": f"token-{number}"}]
    if number % 10 == 3:
        devices.append({"platform": "web", "token": f"browser-{number}"})
    profile = {
        "name": f"Zoë {number}",
        "locale": "de-AT" if number % 2 else "en",
        "email": f"{user_id}@example.com",
        "phone": f"+1202555{1000 + number}",
        "push": devices,
        "webhook": {"url": f"{hooks}/{user_id}?a=b"},
    }
    return Person(user_id, PersonKind.REACHABLE, profile)


@pytest.fixture(scope="module")
def people(world: World) -> list[Person]:
    body = {
        "channels": {
            "email": {"subject": "Order {{ data.order }}", "html": "<p>Hello {{ user.name }}</p>", "text": "Hello"},
            "sms": {"text": "Order {{ data.order }} has left"},
            **{
                channel: {"title": "Order {{ data.order }}", "body": "Hello {{ user.name }}"}
                for channel in ("push", "webhook", "inbox")
            },
        },
        "locales": {
            "de": {
                "email": {"subject": "Bestellung {{ data.order }}", "html": "<p>Hallo {{ user.name }}</p>"},
                "sms": {"text": "Bestellung {{ data.order }} ist unterwegs"},
                **{
                    channel: {"title": "Bestellung {{ data.order }}", "body": "Hallo {{ user.name }}"}
                    for channel in ("push", "webhook", "inbox")
                },
            }
        },
        "example": {"order": "A-17"},
    }
    world.api.expect(201, "PUT", f"/v1/templates/{TEMPLATE}", body)
    people = [person(number, world.hooks) for number in range(HOW_MANY)]
    world.store(people)
    return people


def test_a_message_on_five_channels_in_two_locales(world: World, people: list[Person]) -> None:
    topic = world.topic(people, channels=CHANNELS)
    message_id = world.send(topic, template={"id": TEMPLATE}, data={"order": "B-1"})
    message = world.rest(message_id, seconds=240)
    assert message["state"] == "sent"
    assert message["counts"]["recipients"] == message["counts"]["sent"] == HOW_MANY * len(CHANNELS)

    once_each = Counter(person.id for person in people)
    boxes = {channel: world.console.outbox(channel=channel, message_id=message_id) for channel in CHANNELS}
    for channel in ("email", "sms", "webhook", "inbox"):
        assert Counter(item["user_id"] for item in boxes[channel]) == once_each, channel
    by_id = {person.id: person for person in people}
    tokens = Counter((person.id, device["token"]) for person in people for device in person.profile["push"])
    assert Counter((item["user_id"], item["to"]) for item in boxes["push"]) == tokens

    for channel, items in boxes.items():
        for item in items:
            reader = by_id[item["user_id"]].profile
            word = "Bestellung" if reader["locale"].startswith("de") else "Order"
            assert f"{word} B-1" in (item["text"] if channel == "sms" else item["subject"])
            if channel != "sms":
                hello = "Hallo" if word == "Bestellung" else "Hello"
                assert f"{hello} {reader['name']}" in said(channel, item)
    assert {item["to"] for item in boxes["sms"]} == {person.profile["phone"] for person in people}
    assert {item["to"] for item in boxes["webhook"]} == {person.profile["webhook"]["url"] for person in people}


def said(channel: str, item: dict[str, Any]) -> str:
    """What the reader reads."""
    match channel:
        case "email":
            return str(item["html"])
        case "webhook":
            return str(json.loads(item["text"])["body"])
        case _:
            return str(item["text"])


def test_a_webhook_is_signed_with_its_users_own_secret(world: World, people: list[Person]) -> None:
    reader = people[0]
    message_id = world.send(
        world.topic([reader], channels=["webhook"]), template={"id": TEMPLATE}, data={"order": "B-2"}
    )
    assert world.rest(message_id)["state"] == "sent"
    (item,) = world.console.outbox(channel="webhook", message_id=message_id)
    owner = Owner(reader.id, generation=world.generation_of(reader.id))
    signed = Webhook(secret(world.keys, owner)).verify(item["text"], item["headers"])
    assert signed == json.loads(item["text"])
    assert signed["data"] == {"order": "B-2"}


def test_an_endpoint_that_refuses_fails_alone(world: World, people: list[Person]) -> None:
    gone = Person("e2e-gone", PersonKind.REACHABLE, {"name": "Gone", "webhook": {"url": f"{world.hooks}/status/410"}})
    world.store([gone])
    message_id = world.send(
        world.topic([people[0], gone], channels=["webhook"]), template={"id": TEMPLATE}, data={"order": "B-3"}
    )
    assert world.rest(message_id)["state"] == "failed"
    assert job.reasons(world.api, message_id, "failed") == {"endpoint_gone": 1}
    assert world.received(message_id) == Counter([people[0].id])


def test_a_device_that_is_gone_is_taken_off_its_user(world: World) -> None:
    devices = [{"platform": "android", "token": token} for token in ("e2e-lives", "disabled-1")]
    owner = Person("e2e-devices", PersonKind.REACHABLE, {"name": "Two", "email": "two@example.com", "push": devices})
    world.store([owner])
    message_id = world.send(world.topic([owner], channels=["push"]), template={"id": TEMPLATE}, data={"order": "B-4"})
    assert world.rest(message_id)["state"] == "sent"
    assert [item["to"] for item in world.console.outbox(channel="push", message_id=message_id)] == ["e2e-lives"]
    assert world.api.expect(200, "GET", f"/v1/users/{owner.id}")["push"] == devices[:1]


@pytest.mark.long
def test_phones_that_misbehave_are_told_apart(world: World, simulate: Callable[..., Any]) -> None:
    numbers = {"e2e-slow": "+12025550101", "e2e-phone-down": "+12025550103", "e2e-opted-out": "+12025550104"}
    owners = [Person(name, PersonKind.REACHABLE, {"name": name, "phone": number}) for name, number in numbers.items()]
    world.store(owners)
    message_id = world.send(world.topic(owners, channels=["sms"]), template={"id": TEMPLATE}, data={"order": "B-5"})
    assert world.rest(message_id)["state"] == "failed"
    assert world.received(message_id) == Counter(["e2e-slow"])
    failed = {each["user_id"]: each["reason"] for each in job.deliveries(world.api, message_id, "failed")}
    assert failed["e2e-opted-out"] == "opted_out"
    assert failed["e2e-phone-down"] == "outcome_unknown"  # SNS does not say that a 503 published nothing
