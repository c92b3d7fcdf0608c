"""What is repeated sends nothing twice; what is lost is found."""

from __future__ import annotations

import json
import time
from collections import Counter

from local.demo.audience import Person

from .conftest import World


def test_a_fan_out_job_and_batches_sent_again_by_hand_send_nothing_twice(world: World, reachable: list[Person]) -> None:
    people = reachable[:120]
    message_id = world.send(world.topic(people))
    fan_out = json.dumps({"message_id": message_id, "shard": 0})
    for _ in range(3):  # at once, beside the real one
        world.sqs.send_message(QueueUrl=world.outputs["FanOutQueueUrl"], MessageBody=fan_out)
    world.fanned_out(message_id, len(people))
    batches = world.batches_of(message_id)
    assert len(batches) == 3

    def repeat() -> None:
        for batch in batches:
            body = json.dumps({"message_id": message_id, "batch_id": batch, "generation": 1})
            world.sqs.send_message(QueueUrl=world.outputs["EmailQueueUrl"], MessageBody=body)

    repeat()
    assert world.rest(message_id)["state"] == "sent"
    repeat()  # and when all is over
    world.sqs.send_message(QueueUrl=world.outputs["FanOutQueueUrl"], MessageBody=fan_out)
    world.drained("FanOutQueueUrl", "EmailQueueUrl")
    assert world.received(message_id) == Counter(person.id for person in people)
    assert world.get(message_id)["counts"]["sent"] == len(people)


def test_a_purged_queue_is_noticed_and_made_good(world: World, reachable: list[Person]) -> None:
    people = reachable[:80]
    with world.nobody_delivers():
        message_id = world.send(world.topic(people))
        world.fanned_out(message_id, len(people))
        time.sleep(1)  # the ids follow the commit
        world.sqs.purge_queue(QueueUrl=world.outputs["EmailQueueUrl"])
    message = world.rest(message_id)
    assert message["state"] == "sent"
    assert "stale" in [move["state"] for move in message["timeline"]]
    assert world.received(message_id) == Counter(person.id for person in people)
