"""The clients of AWS, and what stands directly on them: queues and the event bus."""

from __future__ import annotations

import functools
import gc
import os
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

# The SDK retries a provider's read time-out and 5xx automatically: that would send a mail twice.
# Requests are typed and tested: checking the shape of each once more takes a sixth of a worker's CPU.
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
# The work does not wait long for an event to be published.
PUBLISH: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=2, user_agent=USER_AGENT
)


@opened.once
def session() -> Session:
    """The one session of the SDK. botocore's own: boto3 adds nothing to a client, and 56 modules to a cold start."""
    return botocore.session.get_session()


def open_client(service: Any, config: Config) -> Any:
    """A client of the SDK, for as long as the function lives.

    It, and all that is there by now, stays: Python's collector need not walk it again. Each time it did took as long
    as sending two hundred mails.
    """
    client = session().create_client(service, config=config)
    gc.freeze()
    return client


def quick(client: Any) -> Any:
    """Without the SDK's detours. FANFARE_PLAIN_SDK=1 leaves the SDK as it is, for an incident (docs/operations.md)."""
    return client if os.environ.get("FANFARE_PLAIN_SDK") == "1" else use_raw_json(client)


@opened.once
def dynamodb() -> DynamoDBClient:
    """The client of every table."""
    client: DynamoDBClient = quick(open_client("dynamodb", STORE))
    return client


@opened.once
def secrets() -> SecretsManagerClient:
    """The client that reads the signing keys."""
    client: SecretsManagerClient = open_client("secretsmanager", STORE)
    return client


@opened.once
def ses() -> SESV2Client:
    """The client for the mails that Fanfare itself writes."""
    client: SESV2Client = open_client("sesv2", PROVIDER)
    return client


@opened.once
def sns() -> SNSClient:
    """The client for the codes that Fanfare itself sends."""
    client: SNSClient = open_client("sns", PROVIDER)
    return client


@opened.once
def queues() -> Queues:
    """The queues that this function's environment names."""
    environment = os.environ
    urls = {name: environment.get(f"FANFARE_{name.upper()}_QUEUE_URL") for name in CHANNELS}
    dead = {name: environment.get(f"FANFARE_{name.upper()}_DEAD_LETTERS_URL") for name in ("fan_out", *CHANNELS)}
    return Queues(
        open_client("sqs", STORE),
        fan_out=environment.get("FANFARE_FAN_OUT_QUEUE_URL"),
        channels={name: url for name, url in urls.items() if url},
        dead_letters={name: url for name, url in dead.items() if url},
    )


def has_event_bus() -> bool:
    """Whether the deployment publishes events."""
    return "FANFARE_EVENT_BUS_NAME" in os.environ


@opened.once
def events() -> Events:
    """The bus for services. Its client is opened with the first event: most invocations have none."""
    open_bus = functools.cache(lambda: open_client("events", PUBLISH))
    return Events(open_bus, bus=os.environ["FANFARE_EVENT_BUS_NAME"])


def flush_events() -> None:
    """Publish what was gathered, if there is a bus."""
    if has_event_bus():
        events().flush()
