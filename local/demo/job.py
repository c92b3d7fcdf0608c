"""The steps of the demo; the end-to-end tests use them too."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from fanfare_client import folders

from local.api import Api
from local.aws import client
from local.stack import Stack
from tools.processes import StepFailed

from .audience import Person, PersonKind, spoilt_address

TOPIC: Final = "orders.shipped"
TEMPLATE: Final = "order-shipped"
FILES: Final = Path(__file__).with_name(TEMPLATE)
USERS_A_CALL: Final = 100
SUBSCRIPTIONS_A_CALL: Final = 500
CALLS_AT_ONCE: Final = 2  # more does not help on a machine with two cores
AT_REST: Final = ("sent", "failed", "deleted")

Note = Callable[[str], None]


def put_topic(api: Api, topic: str = TOPIC, **more: Any) -> None:
    body = {"title": "Order shipped", "description": "A parcel has left.", "channels": ["email"], "category": "orders"}
    body |= more
    reply = api.call("PUT", f"/v1/topics/{topic}", body)
    if reply.status not in {200, 201}:
        raise StepFailed(f"The topic was rejected: {reply.status} {reply.content.decode()}")


def put_template(api: Api, template_id: str = TEMPLATE) -> int:
    """Store the template. Returns its version."""
    version: int = api.expect(201, "PUT", f"/v1/templates/{template_id}", template())["version"]
    return version


def template() -> dict[str, Any]:
    """The API's request body for the template in the folder."""
    return {**folders.read(FILES)}


def example() -> dict[str, Any]:
    data: dict[str, Any] = template()["example"]
    return data


def store_users(api: Api, people: Sequence[Person], note: Note) -> list[dict[str, Any]]:
    """Store all users. Returns the results of the rejected ones."""

    def store(chunk: Sequence[Any]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = api.expect(200, "POST", "/v1/users", {"items": chunk})["items"]
        return results

    results: list[dict[str, Any]] = []
    with ThreadPoolExecutor(CALLS_AT_ONCE) as calls:
        for stored in calls.map(store, _chunks([person.item for person in people], USERS_A_CALL)):
            results += stored
            note(f"{len(results)} of {len(people)}")
    return [result for result in results if result["status"] >= 300]


def subscribe(
    api: Api, people: Sequence[Person], note: Note, topic: str = TOPIC, channels: Sequence[str] = ("email",)
) -> None:
    """Subscribe the given people on each of the channels."""
    items = [{"user_id": person.id, "channel": channel} for person in people for channel in channels]
    done = 0
    for chunk in _chunks(items, SUBSCRIPTIONS_A_CALL):
        results = api.expect(200, "POST", f"/v1/topics/{topic}/subscriptions", {"items": chunk})["items"]
        for result in results:
            if result["status"] >= 300:
                raise StepFailed(f"A subscription was rejected: {result}")
        done += len(chunk)
        note(f"{done} of {len(items)}")


def spoil(url: str, audience_table: str, people: Sequence[Person]) -> None:
    """Write invalid addresses directly to the table, because the API rejects them."""
    dynamodb = client("dynamodb", url)
    for number, person in enumerate(person for person in people if person.kind is PersonKind.SPOILT_ADDRESS):
        dynamodb.update_item(
            TableName=audience_table,
            Key={"pk": {"S": f"user#{person.id}"}, "sk": {"S": "user"}},
            UpdateExpression="SET #profile.#email = :email",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#profile": "profile", "#email": "email"},
            ExpressionAttributeValues={":email": {"S": spoilt_address(number)}},
        )


def submit(api: Api, topic: str = TOPIC, **more: Any) -> str:
    """Post the message. Returns its id."""
    body = {"topic": topic, "template": {"id": TEMPLATE}, "data": example(), **more}
    message_id: str = api.expect(202, "POST", "/v1/messages", body)["id"]
    return message_id


def wait_for_rest(api: Api, message_id: str, *, seconds: float, note: Note, every: float = 0.5) -> dict[str, Any]:
    """Wait until the message is sent, failed or deleted. Raises StepFailed if that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        message: dict[str, Any] = api.expect(200, "GET", f"/v1/messages/{message_id}")
        note(counted(message["counts"]))
        if message["state"] in AT_REST:
            return message
        if time.monotonic() > deadline:
            note(f"{message['state']}, {counted(message['counts'])}")
            raise StepFailed(f"After {seconds:.0f} s the message is still {message['state']}: {message['counts']}")
        time.sleep(every)


def wait_for_receipts(stack: Stack, *, seconds: float, note: Note) -> int:
    """Wait until no receipts are pending. Returns the number of mails reported as delivered."""
    deadline = time.monotonic() + seconds
    sqs, queue = client("sqs", stack.described["aws_endpoint_url"]), stack.outputs["RecordReceiptQueueUrl"]
    kinds = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while time.monotonic() < deadline:
        answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=kinds)["Attributes"]
        waiting = stack.receipts.waiting + sum(int(answer[kind]) for kind in kinds)
        note(f"{waiting} pending")
        if waiting == 0:
            break
        time.sleep(0.3)
    return receipts(stack)


def receipts(stack: Stack) -> int:
    """The number of delivery receipts in the table."""
    pages = (
        client("dynamodb", stack.described["aws_endpoint_url"])
        .get_paginator("scan")
        .paginate(
            TableName=stack.outputs["DeliveriesTableName"],
            FilterExpression="contains(sk, :delivered)",
            ExpressionAttributeValues={":delivered": {"S": "#email#delivered"}},
            Select="COUNT",
        )
    )
    return sum(page["Count"] for page in pages)


def deliveries(api: Api, message_id: str, status: str) -> Iterator[dict[str, Any]]:
    """All deliveries with a status."""
    cursor = ""
    while True:
        query = f"?status={status}&limit=100" + (f"&cursor={cursor}" if cursor else "")
        page = api.expect(200, "GET", f"/v1/messages/{message_id}/deliveries{query}")
        yield from page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return


def reasons(api: Api, message_id: str, status: str) -> Counter[str]:
    return Counter(str(delivery["reason"]) for delivery in deliveries(api, message_id, status))


def counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing yet"


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
