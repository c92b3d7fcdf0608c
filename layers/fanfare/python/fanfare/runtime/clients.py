"""AWS clients, and their direct users: queues and the event bus."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore.config import Config

from fanfare.aws.event_bus import Events
from fanfare.aws.fast_sdk import USER_AGENT, use_raw_json
from fanfare.aws.queues import Queues
from fanfare.channels import CHANNELS
from fanfare.runtime.registry import opened

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

log = logging.getLogger(__name__)

# By default the SDK retries read time-outs and 5xx of a provider, which could send a mail twice.
# Requests are typed and tested; the SDK's parameter validation takes a sixth of a worker's CPU.
PROVIDER: Final = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=2,
    read_timeout=20,
    parameter_validation=False,
    user_agent=USER_AGENT,
)
STORE: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=2,
    read_timeout=10,
    parameter_validation=False,
    user_agent=USER_AGENT,
)
# Short, because the work waits for the publishing of an event.
PUBLISH: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=1,
    read_timeout=2,
    parameter_validation=False,
    user_agent=USER_AGENT,
)


@opened.once
def session() -> Session:
    """The one session of the SDK. botocore's own: boto3 adds nothing to a client, and 56 modules to a cold start."""
    return botocore.session.get_session()


def open_client(service: Any, config: Config) -> Any:
    """An SDK client for the lifetime of the process.

    All objects created so far are excluded from garbage collection: each full collection took as long as sending 200
    mails.
    """
    client = session().create_client(service, config=config)
    gc.freeze()
    return client


def quick(client: Any) -> Any:
    """The client with the fast path of `fast_sdk`. FANFARE_PLAIN_SDK=1 disables it (docs/operations.md)."""
    return client if os.environ.get("FANFARE_PLAIN_SDK") == "1" else use_raw_json(client)


@opened.once
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client of all tables."""
    client: DynamoDBClient = quick(open_client("dynamodb", STORE))
    client.meta.events.register("needs-retry.dynamodb", log_throttles)
    return client


def log_throttles(response: tuple[Any, Mapping[str, Any]] | None, operation: Any, **_: Any) -> None:
    """Log why DynamoDB throttled a call: which table or index, and which limit. The SDK repeats the call.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
    """
    answer = response[1] if response else {}
    if reasons := answer.get("throttlingReasons") or answer.get("ThrottlingReasons"):
        log.warning("throttled by DynamoDB", extra={"operation": operation.name, "reasons": reasons})


@opened.once
def secrets() -> SecretsManagerClient:
    """The client that reads the signing keys."""
    client: SecretsManagerClient = open_client("secretsmanager", STORE)
    return client


@opened.once
def ses() -> SESV2Client:
    """The client for Fanfare's own mails."""
    client: SESV2Client = open_client("sesv2", PROVIDER)
    return client


@opened.once
def sns() -> SNSClient:
    """The client for Fanfare's own codes by text message."""
    client: SNSClient = open_client("sns", PROVIDER)
    return client


def queue_url(name: str, kind: str) -> str | None:
    """URL of a queue (QUEUE) or its dead letters (DEAD_LETTERS); None if this function is not given it.

    `FANFARE_QUEUES` is what all URLs begin with; the variable of a queue has the rest.
    """
    rest = os.environ.get(f"FANFARE_{name.upper()}_{kind}_URL")
    return f"{os.environ.get('FANFARE_QUEUES', '')}{rest}" if rest else None


@opened.once
def queues() -> Queues:
    """The queues in this function's environment."""
    urls = {name: queue_url(name, "QUEUE") for name in CHANNELS}
    dead = {name: queue_url(name, "DEAD_LETTERS") for name in ("fan_out", *CHANNELS)}
    return Queues(
        quick(open_client("sqs", STORE)),
        fan_out=queue_url("fan_out", "QUEUE"),
        channels={name: url for name, url in urls.items() if url},
        dead_letters={name: url for name, url in dead.items() if url},
    )


def has_event_bus() -> bool:
    """Whether the deployment publishes events."""
    return "FANFARE_EVENT_BUS_NAME" in os.environ


@opened.once
def event_bus() -> Any:
    """The client of the event bus; None if the deployment has none."""
    return quick(open_client("events", PUBLISH)) if has_event_bus() else None


@opened.once
def events() -> Events:
    """The event bus. Its client is opened with the first event, because most functions publish few."""
    return Events(event_bus, bus=os.environ["FANFARE_EVENT_BUS_NAME"])


def flush_events() -> None:
    """Publish waiting events, if there is a bus."""
    if has_event_bus():
        events().flush()
