"""The local stack, once for all of these tests.

FANFARE_E2E_REUSE=1 takes the one that `make run` keeps, instead of starting one.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from infra.constructs.naming import pascal
from local.api import Api, Console, People, until
from local.aws import client
from local.demo import job
from local.demo.audience import Person, PersonKind, people
from local.emulator import deployment
from local.stack import Stack
from tools.paths import STACK_FILE
from tools.processes import forget_the_caller

from .browsing import running

PACE = 2.0  # seconds between two runs of the reconciler


@dataclass
class World:
    """A running stack, and what the tests do with it."""

    described: dict[str, Any]
    outputs: dict[str, str]
    by_schedule: Callable[[], AbstractContextManager[None]] = nullcontext  # the reconciler at its real pace
    stack: Stack | None = None  # if it runs in this process
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

    def topic(self, subscribers: Sequence[Person] = (), *, channels: Sequence[str] = ("email",), **more: Any) -> str:
        """A new topic on these channels with these subscribers."""
        topic = next(self.topics)
        job.put_topic(self.api, topic, channels=[*channels], **more)
        job.subscribe(self.api, subscribers, _silently, topic, channels)
        return topic

    def user(self, user_id: str, email: str) -> Person:
        """A user of one test's own."""
        person = Person(user_id, PersonKind.REACHABLE, {"name": "Eve", "email": email})
        self.store([person])
        return person

    def store(self, persons: Sequence[Person]) -> None:
        assert not job.store_users(self.api, persons, _silently)

    # People

    @property
    def anybody(self) -> People:
        return People(self.described["public_url"])

    def account(self, name: str) -> People:
        """Ada or grace, with a token of hers."""
        return People(self.described["public_url"], self.described["users"][name]["id_token"])

    def account_id(self, name: str) -> str:
        """Her id, as her token has it."""
        claims = self.described["users"][name]["id_token"].split(".")[1]
        user_id: str = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
        return user_id

    def token_of_another_pool(self) -> str:
        """Good, and signed by the same emulator, but not of the pool that the API goes by."""
        cognito = self.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH"]
        app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="another", ExplicitAuthFlows=flows)
        client_id = app["UserPoolClient"]["ClientId"]
        password = "Of-another-pool-1"
        cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password=password, Permanent=True)
        known = {"USERNAME": "ada", "PASSWORD": password}
        answer = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=known)
        return str(answer["AuthenticationResult"]["IdToken"])

    # Webhooks

    @property
    def hooks(self) -> str:
        """Where webhooks may go on this machine."""
        functions = self.lambdas.get_paginator("list_functions").paginate()
        environments = [each["Environment"]["Variables"] for page in functions for each in page["Functions"]]
        (allowed,) = {each["FANFARE_WEBHOOK_ALLOWED"] for each in environments if "FANFARE_WEBHOOK_ALLOWED" in each}
        return f"http://{allowed.split(',')[0]}/hooks"

    def keys(self) -> dict[str, str]:
        """What signs webhooks."""
        functions = self.lambdas.get_paginator("list_functions").paginate()
        environments = [each["Environment"]["Variables"] for page in functions for each in page["Functions"]]
        name = "FANFARE_WEBHOOK_KEYS_ARN"
        (arn,) = {each[name] for each in environments if name in each}
        secret = self.client("secretsmanager").get_secret_value(SecretId=arn)
        keys: dict[str, str] = json.loads(secret["SecretString"])
        return keys

    def generation_of(self, user_id: str) -> str:
        """Of the user, from the table: links and secrets are bound to it."""
        key: Any = {"pk": {"S": f"user#{user_id}"}, "sk": {"S": "user"}}
        answer = self.client("dynamodb").get_item(TableName=self.outputs["AudienceTableName"], Key=key)
        return str(answer["Item"]["generation"]["S"])

    # Messages

    def send(self, topic: str, **more: Any) -> str:
        return job.submit(self.api, topic, **more)

    def get(self, message_id: str) -> Any:
        return self.api.expect(200, "GET", f"/v1/messages/{message_id}")

    def rest(self, message_id: str, *, seconds: float = 90) -> dict[str, Any]:
        """The message once it has come to rest."""
        return job.wait_for_rest(self.api, message_id, seconds=seconds, note=_silently, every=0.3)

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
    def nobody_delivers(self, *names: str) -> Iterator[None]:
        """The queues of channels, or of the fan-out, fill (e-mail's, if none is named), and nobody takes from them."""
        queues = {self.outputs[f"{pascal(name)}QueueUrl"].rpartition("/")[2] for name in names or ("email",)}
        mappings = [
            mapping["UUID"]
            for mapping in self.lambdas.list_event_source_mappings()["EventSourceMappings"]
            if mapping["EventSourceArn"].rpartition(":")[2] in queues
        ]
        assert len(mappings) == len(queues)
        for mapping in mappings:
            self.lambdas.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield
        finally:
            for mapping in mappings:
                self.lambdas.update_event_source_mapping(UUID=mapping, Enabled=True)

    def batches_of(self, message_id: str) -> list[str]:
        """The ids of all batches, from the table."""
        answer = self.client("dynamodb").query(
            TableName=self.outputs["BatchesTableName"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :batch)",
            ExpressionAttributeValues={":pk": {"S": f"{message_id}#0"}, ":batch": {"S": "batch#"}},
        )
        return [item["sk"]["S"].removeprefix("batch#") for item in answer["Items"]]


LAST: Final = "test_least_privilege.py"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the others made the functions do is looked at when they are done."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether this is the whole suite: of a part of it nobody can tell what is never done."""
    ours = Path(__file__).parent
    here = {item.path for item in request.session.items}
    parts = request.config.option.keyword or request.config.option.markexpr
    nodes = any("::" in argument for argument in request.config.args)
    return here >= set(ours.glob("test_*.py")) and not parts and not nodes


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    forget_the_caller()
    if os.environ.get("FANFARE_E2E_REUSE"):
        described = json.loads(STACK_FILE.read_text())
        yield World(described, deployment.outputs(described["aws_endpoint_url"]))
        return
    with Stack(reconcile_seconds=PACE, by_the_rules=True) as stack:
        yield World(stack.described, stack.outputs, stack.ticker.paused, stack)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    yield from running()


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
    world.console.switch(down=[], down_address=True, rate=None, receipts=True)


def _silently(_: str) -> None:
    pass
