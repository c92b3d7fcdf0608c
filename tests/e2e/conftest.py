"""The local stack, once for all of these tests.

FANFARE_E2E_REUSE=1 takes the one that `make run` keeps, instead of starting one.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from local import deployment
from local.api import Api, Console, until
from local.aws import client
from local.demo import job
from local.demo.audience import Person, people
from local.paths import STACK_FILE
from local.processes import forget_the_caller
from local.stack import Stack

PACE = 2.0  # seconds between two runs of the reconciler


@dataclass
class World:
    """A running stack, and what the tests do with it."""

    described: dict[str, Any]
    outputs: dict[str, str]
    by_schedule: Callable[[], AbstractContextManager[None]] = nullcontext  # the reconciler at its real pace
    topics: Iterator[str] = field(default_factory=lambda: (f"e2e.topic-{n}" for n in itertools.count(1)))

    def __post_init__(self) -> None:
        url = self.described["internal_url"]
        self.api = Api(url, self.described["service"])
        self.stranger = Api(url, self.described["stranger"])
        self.unsigned = Api(url)
        self.console = Console(self.described["console_url"])
        self.sqs = self.client("sqs")
        self.lambdas = self.client("lambda")

    def client(self, service: str) -> Any:
        """As the account's root: for what a test does to the stack from behind."""
        return client(service, self.described["aws_endpoint_url"])

    # The audience

    def topic(self, subscribers: Sequence[Person] = ()) -> str:
        """A new topic with these subscribers."""
        topic = next(self.topics)
        job.put_topic(self.api, topic)
        job.subscribe(self.api, subscribers, _silently, topic)
        return topic

    def user(self, user_id: str, email: str) -> Person:
        """A user of one test's own."""
        person = Person(user_id, people()[1].kind, {"name": "Eve", "email": email})
        self.api.expect(200, "POST", "/v1/users", {"items": [person.item]})
        return person

    # Messages

    def send(self, topic: str, **more: Any) -> str:
        return job.submit(self.api, topic, **more)

    def get(self, message_id: str) -> Any:
        return self.api.expect(200, "GET", f"/v1/messages/{message_id}")

    def rest(self, message_id: str, *, seconds: float = 90) -> dict[str, Any]:
        """The message once it has come to rest."""
        return job.wait_for_rest(self.api, message_id, seconds=seconds, told=_silently, every=0.3)

    def fanned_out(self, message_id: str, recipients: int) -> None:
        """Wait until everybody has been chosen."""
        until(
            "the message is fanned out",
            lambda: self.get(message_id)["counts"]["recipients"] == recipients,
            seconds=30,
        )

    def received(self, message_id: str) -> Counter[str]:
        """How often each user got it."""
        return Counter(str(mail["user_id"]) for mail in self.console.outbox(message_id=message_id))

    # The machinery

    def drained(self, *queues: str) -> None:
        """Wait until nothing waits in the queues or is being worked at."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        names.append("ApproximateNumberOfMessagesDelayed")

        def empty() -> bool:
            answers = [self.sqs.get_queue_attributes(QueueUrl=self.outputs[q], AttributeNames=names) for q in queues]
            return not any(int(value) for answer in answers for value in answer["Attributes"].values())

        until(f"{', '.join(queues)} are drained", empty, seconds=60)

    @contextmanager
    def nobody_delivers(self) -> Iterator[None]:
        """The e-mail queue fills, and nobody takes from it."""
        queue = self.outputs["EmailQueueUrl"].rpartition("/")[2]
        (mapping,) = [
            mapping
            for mapping in self.lambdas.list_event_source_mappings()["EventSourceMappings"]
            if mapping["EventSourceArn"].endswith(f":{queue}")
        ]
        self.lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            self.lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def batches_of(self, message_id: str) -> list[str]:
        """The ids of all batches, from the table."""
        answer = self.client("dynamodb").query(
            TableName=self.outputs["BatchesTableName"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :batch)",
            ExpressionAttributeValues={":pk": {"S": f"{message_id}#0"}, ":batch": {"S": "batch#"}},
        )
        return [item["sk"]["S"].removeprefix("batch#") for item in answer["Items"]]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    forget_the_caller()
    if os.environ.get("FANFARE_E2E_REUSE"):
        described = json.loads(STACK_FILE.read_text())
        yield World(described, deployment.outputs(described["aws_endpoint_url"]))
        return
    with Stack(reconcile_seconds=PACE) as stack:
        yield World(stack.described, stack.outputs, stack.ticker.paused)


@pytest.fixture(scope="session")
def everyone(world: World) -> list[Person]:
    """The demo's thousand users, stored, with the template; some of them cannot be reached."""
    job.put_template(world.api)
    everyone = people()
    refused = job.store_users(world.api, everyone, _silently)
    assert [result["status"] for result in refused] == [422]
    job.spoil(world.described["aws_endpoint_url"], world.outputs["AudienceTableName"], everyone)
    return everyone


@pytest.fixture(scope="session")
def reachable(everyone: list[Person]) -> list[Person]:
    """Those of them who get everything."""
    return [person for person in everyone if person.kind.value == "reachable"]


@pytest.fixture
def simulate(world: World) -> Iterator[Callable[..., Any]]:
    """The provider's switches, put back afterwards."""
    yield world.console.switch
    world.console.switch(down=[], down_address=True, rate=None)


def _silently(_: str) -> None:
    pass
