"""A reader who comes and goes all the time holds up nobody's message."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.clock import from_text
from fanfare.domain.audience import Subscription
from fanfare.store.audience.subscriptions.store import Subscriptions
from fanfare.store.messages.rows import message_pk, shard_sk

from local.api import until
from local.demo import job
from local.demo.audience import Person, PersonKind

from .conftest import World

CHANGES_PER_SECOND = 10
LIMIT = {"count": 9, "per_seconds": 3600, "overflow": "drop"}


@contextmanager
def toggling(world: World, topic: str, user: str) -> Iterator[list[float]]:
    """Meanwhile the user unsubscribes and subscribes, so often in a second. Yields the times of the changes."""
    subscriptions = Subscriptions(DynamoTable(world.client("dynamodb"), world.outputs["AudienceTableName"]))
    over = threading.Event()
    times: list[float] = []

    def toggle() -> None:
        while not over.is_set():
            began = time.monotonic()
            if not subscriptions.remove(user, topic, "email"):
                yes = Subscription(user_id=user, topic=topic, channel="email", created_at=str(began))
                subscriptions.add(yes, shards=1)
            times.append(time.monotonic())
            over.wait(max(0.0, began + 1 / CHANGES_PER_SECOND - time.monotonic()))

    thread = threading.Thread(target=toggle, daemon=True)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join(30)


def seconds_to_seal(world: World, topic: str) -> float:
    """From the acceptance of a message until its last page is committed, by the functions' own clock."""
    message = world.send(topic)
    table = DynamoTable(world.client("dynamodb"), world.outputs["MessagesTableName"])

    def progress() -> Any:
        return table.get(message_pk(message), shard_sk(0)) or {}

    until("it is sealed", lambda: progress().get("sealed"), seconds=300)
    accepted = world.rest(message, seconds=180)["created_at"]
    return (from_text(progress()["updated_at"]) - from_text(accepted)).total_seconds()


@pytest.fixture(scope="module")
def thousand(world: World) -> list[Person]:
    job.put_template(world.api)
    users = [f"e2e-adversary-{number:04}" for number in range(1_000)]
    persons = [Person(user, PersonKind.REACHABLE, {"name": user, "email": f"{user}@example.com"}) for user in users]
    world.store(persons)
    return persons


@pytest.mark.long
@pytest.mark.parametrize("limit", [None, LIMIT], ids=["no limit", "limit"])
def test_a_topic_is_sealed_in_time_while_a_reader_changes_ten_times_a_second(
    world: World, thousand: list[Person], limit: Any, record_property: Any
) -> None:
    topic = world.topic(thousand, limit=limit)
    seconds_to_seal(world, topic)  # the functions start
    undisturbed = min(seconds_to_seal(world, topic) for _ in range(3))
    with toggling(world, topic, thousand[500].id) as times:
        began = time.monotonic()
        disturbed = max(seconds_to_seal(world, topic) for _ in range(3))
        rate = len([at for at in times if at >= began]) / (time.monotonic() - began)
    record_property("seconds", {"undisturbed": undisturbed, "disturbed": disturbed, "changes a second": rate})
    assert rate > 1  # as often as the machine allows
    assert disturbed <= 2 * undisturbed + 5
