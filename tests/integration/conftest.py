"""The world of an integration test: AWS in memory, with the tables, queues and secret of the stack."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.loaders import create_loader
from fanfare.aws.tables import TABLES, TableSpec
from fanfare.channels import CHANNELS
from fanfare.runtime import clients, signing, stores
from fanfare.runtime import settings as runtime_settings
from fanfare.runtime.registry import opened
from moto import mock_aws

from testing.aws_rules import violations
from testing.moto_speed import one_copy_of_a_table
from tests.integration.letters import Post
from tests.integration.provider import Ses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

REGION = "eu-central-1"
MODELS = create_loader()
ENVIRONMENT = {
    "FANFARE_STAGE": "test",
    "FANFARE_SENDER": "Fanfare <no-reply@example.com>",
    "FANFARE_CONFIGURATION_SET": "fanfare-test",
    "FANFARE_CHANNEL": "email",
    "FANFARE_PUBLIC_URL": "https://people.example.com",
    "FANFARE_USER_ID_CLAIM": "sub",
    "POWERTOOLS_SERVICE_NAME": "fanfare",
    "POWERTOOLS_METRICS_NAMESPACE": "Fanfare",
}


@dataclass
class Clock:
    """A clock that stands still until it is told to move."""

    now: datetime = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


@dataclass
class Aws:
    """What a test may look at: clients, the names of the tables, the URLs of the queues."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    tables: dict[str, str]
    queues: dict[str, str]
    dead_letters: dict[str, str]
    calls: list[str] = field(default_factory=list)

    def bodies(self, queue: str) -> list[dict[str, Any]]:
        """Takes all that is waiting in a queue and returns the bodies."""
        return list(itertools.chain.from_iterable(iter(lambda: self._take(self.queues[queue]), [])))

    def _take(self, url: str) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for each in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in messages]


@pytest.fixture
def clock() -> Clock:
    """The time of the handlers; it moves when a test says so."""
    return Clock()


def begin_anew(clock: Clock, session: Any = None) -> None:
    """Have the handlers open everything again, in this session of the SDK, and read this clock."""
    opened.reset()
    opened.put(runtime_settings.clock, clock)
    opened.put(clients.session, session or _session())


@pytest.fixture
def ses() -> Ses:
    """The provider of mail, for `Pipeline.opened`."""
    return Ses()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Aws]:
    """AWS in memory, and the environment that the stack gives the functions. The clock is a test's own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    begin_anew(clock)
    broken = held_against_the_rules(monkeypatch)
    with mock_aws(), one_copy_of_a_table():
        boto3.setup_default_session(botocore_session=_session())
        world = _build(monkeypatch)
        yield world
    opened.reset()
    assert broken == []


def held_against_the_rules(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What AWS would refuse in the requests of this test: see `testing.aws_rules`."""
    broken: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def checked(client: Any, operation: str, request: Any) -> Any:
        model = client.meta.service_model.operation_model(operation)
        broken.extend(f"{operation}: {each}" for each in violations(model, request))
        return call(client, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", checked)
    return broken


def _session() -> Any:
    """A session that shares the models of AWS's services with those before: reading them took half of a short test."""
    session: Any = botocore.session.get_session()
    session.register_component("data_loader", MODELS)
    return session


def _build(monkeypatch: pytest.MonkeyPatch) -> Aws:
    dynamodb = boto3.client("dynamodb")
    sqs = boto3.client("sqs")
    secrets = boto3.client("secretsmanager")
    world = Aws(dynamodb, sqs, {}, {}, {})
    for table in TABLES:
        name = f"fanfare-test-{table.name}"
        create_table(dynamodb, name, table)
        world.tables[table.name] = name
        monkeypatch.setenv(f"FANFARE_{table.name.upper()}_TABLE", name)
    for queue in ("fan_out", *CHANNELS, "record_receipt"):
        dead = sqs.create_queue(QueueName=f"fanfare-test-{queue}-dead-letters")["QueueUrl"]
        url = sqs.create_queue(QueueName=f"fanfare-test-{queue}")["QueueUrl"]
        world.queues[queue], world.dead_letters[queue] = url, dead
        monkeypatch.setenv(f"FANFARE_{queue.upper()}_QUEUE_URL", url)
        monkeypatch.setenv(f"FANFARE_{queue.upper()}_DEAD_LETTERS_URL", dead)
    for keys in signing.PURPOSES:
        key = {"k1": f"a key for tests alone: {keys.variable}"}
        secret = secrets.create_secret(Name=f"fanfare-test-{keys.variable}", SecretString=json.dumps(key))
        monkeypatch.setenv(keys.variable, secret["ARN"])
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return world


def create_table(client: DynamoDBClient, name: str, table: TableSpec) -> None:
    attributes = {"pk", "sk"} | {key for index in table.indexes for key in (index.hash, index.range)}
    indexes: list[Any] = [
        {
            "IndexName": index.name,
            "KeySchema": _keys(index.hash, index.range),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)}
            if index.include
            else {"ProjectionType": "KEYS_ONLY"},
        }
        for index in table.indexes
    ]
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in sorted(attributes)],
        "KeySchema": _keys("pk", "sk"),
    }
    client.create_table(**request | ({"GlobalSecondaryIndexes": indexes} if indexes else {}))


def _keys(hash_key: str, range_key: str) -> list[Any]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


@pytest.fixture
def post(aws: Aws) -> Post:
    """What Fanfare itself writes to people."""
    post = Post()
    post.install(clients.ses(), clients.sns())
    return post


@pytest.fixture
def calls(aws: Aws) -> Callable[[], list[str]]:
    """Counts the AWS calls that the wired clients make from here on: call it to read and reset the list."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(f"{model.service_model.service_name}:{model.name}")

    for client in (stores.messages().table.client, clients.queues().client):
        client.meta.events.register("before-call.*.*", note)

    def read() -> list[str]:
        so_far, made[:] = list(made), []
        return so_far

    return read
