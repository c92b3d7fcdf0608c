"""The only place that reads the environment and opens clients.

A function opens what it uses, once per process and when it is first asked for: importing a handler
costs no network and needs no environment.
"""

from __future__ import annotations

import functools
import gc
import json
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fanfare import clock
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.event_bus import Events
from fanfare.aws.fast_sdk import USER_AGENT, use_raw_json
from fanfare.aws.queue_depth import QueueDepths
from fanfare.aws.queues import Queues
from fanfare.channels import CHANNELS, Channel, Email, Inbox, Push, Sms, Webhook
from fanfare.channels.push import SERVICES as PUSH_SERVICES
from fanfare.channels.receipts import ReceiptEvent
from fanfare.domain.delivery import Delivery
from fanfare.domain.message import Message
from fanfare.pipeline import record_receipts as record_receipt
from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.candidates import Candidates
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.reconcile import Reconcile
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Confirmations
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList
from fanfare.templates.renderer import Renderer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

    from fanfare.self_service.verification_mail import VerificationMail

log = logging.getLogger(__name__)

# The SDK retries a provider's read time-out and 5xx by itself: that would send a mail twice.
# Requests are typed and tested: checking the shape of each once more takes a sixth of a worker's CPU.
PROVIDER = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=2,
    read_timeout=20,
    parameter_validation=False,
    user_agent=USER_AGENT,
)
STORE = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=2,
    read_timeout=10,
    parameter_validation=False,
    user_agent=USER_AGENT,
)
KEYS_SECONDS: Final = 300  # so soon after a rotation, every function knows the new key
# An event is told beside the work, which does not wait long for it.
TELL = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=2, user_agent=USER_AGENT
)


@dataclass(frozen=True, kw_only=True)
class RuntimeSettings:
    """What the deployment decides. Times in seconds."""

    stale_after: float = 120.0
    backoff: float = 30.0
    max_attempts: int = 8
    doubt_grace: float = 120.0
    lease: float = 75.0
    retention: timedelta = timedelta(days=30)
    user_id_claim: str = "sub"
    source_header: str | None = None  # in which a proxy before the public API names who calls
    user_limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by channel, across all topics
    piece_prices: Mapping[str, float] = field(default_factory=dict)  # by channel, in place of the list's

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> RuntimeSettings:
        """The settings that the environment names; the defaults for the rest."""

        def seconds(name: str, default: float) -> float:
            return float(environment.get(f"FANFARE_{name}_SECONDS", default))

        return cls(
            stale_after=seconds("STALE_AFTER", cls.stale_after),
            backoff=seconds("BACKOFF", cls.backoff),
            max_attempts=int(environment.get("FANFARE_MAX_ATTEMPTS", cls.max_attempts)),
            doubt_grace=seconds("DOUBT_GRACE", cls.doubt_grace),
            lease=seconds("LEASE", cls.lease),
            retention=timedelta(days=int(environment.get("FANFARE_RETENTION_DAYS", cls.retention.days))),
            user_id_claim=environment.get("FANFARE_USER_ID_CLAIM", cls.user_id_claim),
            source_header=environment.get("FANFARE_SOURCE_HEADER"),
            user_limits=json.loads(environment.get("FANFARE_USER_LIMITS", "{}")),
            piece_prices=json.loads(environment.get("FANFARE_PIECE_PRICES", "{}")),
        )


def now() -> datetime:
    """The clock of everything that is wired here."""
    return clock.system_clock()


@functools.cache
def settings() -> RuntimeSettings:
    return RuntimeSettings.read(os.environ)


def _client(service: Any, config: Config) -> Any:
    """A client of the SDK, for as long as the function lives.

    It, and all that is there by now, stays: Python's collector need not walk it again. Each time it did took as long
    as sending two hundred mails.
    """
    client = boto3.client(service, config=config)
    gc.freeze()
    return client


def _quick(client: Any) -> Any:
    """Without the SDK's detours. FANFARE_PLAIN_SDK=1 leaves the SDK as it is, for an incident (docs/operations.md)."""
    return client if os.environ.get("FANFARE_PLAIN_SDK") == "1" else use_raw_json(client)


@functools.cache
def _dynamodb() -> DynamoDBClient:
    client: DynamoDBClient = _quick(_client("dynamodb", STORE))
    return client


def _table(name: str) -> DynamoTable:
    return DynamoTable(_dynamodb(), os.environ[f"FANFARE_{name.upper()}_TABLE"])


@functools.cache
def audience() -> Audience:
    return Audience(_table("audience"))


@functools.cache
def catalogue() -> Catalogue:
    return Catalogue(_table("catalogue"))


@functools.cache
def messages() -> Messages:
    return Messages(_table("messages"), moved=_tell_moved if _tells() else None)


@functools.cache
def batches() -> Batches:
    return Batches(_table("batches"))


@functools.cache
def recipients() -> RecipientList:
    return RecipientList(_table("batches"))


@functools.cache
def deliveries() -> Deliveries:
    told = _tells() and os.environ.get("FANFARE_DELIVERY_EVENTS") == "true"
    return Deliveries(_table("deliveries"), recorded=_tell_recorded if told else None)


@functools.cache
def inboxes() -> Inboxes:
    return Inboxes(_table("inbox"), clock=now, retention=settings().retention)


@functools.cache
def renderer() -> Renderer:
    return Renderer()


@functools.cache
def queues() -> Queues:
    """The queues that this function's environment names."""
    environment = os.environ
    urls = {name: environment.get(f"FANFARE_{name.upper()}_QUEUE_URL") for name in CHANNELS}
    dead = {name: environment.get(f"FANFARE_{name.upper()}_DEAD_LETTERS_URL") for name in ("fan_out", *CHANNELS)}
    return Queues(
        _client("sqs", STORE),
        fan_out=environment.get("FANFARE_FAN_OUT_QUEUE_URL"),
        channels={name: url for name, url in urls.items() if url},
        dead_letters={name: url for name, url in dead.items() if url},
    )


@functools.cache
def backlog() -> QueueDepths:
    """The queues whose depth this function may ask for."""
    environment = os.environ
    urls = {
        name: (
            environment.get(f"FANFARE_{name.upper()}_QUEUE_URL"),
            environment.get(f"FANFARE_{name.upper()}_DEAD_LETTERS_URL"),
        )
        for name in ("fan_out", *CHANNELS, "record_receipt")
    }
    return QueueDepths(_client("sqs", STORE), {name: (url, dead) for name, (url, dead) in urls.items() if url and dead})


@functools.cache
def events() -> Events:
    """The bus for services. Its client is opened with the first event: most invocations have none."""
    opened = functools.cache(lambda: _client("events", TELL))
    return Events(opened, bus=os.environ["FANFARE_EVENT_BUS_NAME"])


def flush_events() -> None:
    """Publish what was gathered, where there is a bus."""
    if _tells():
        events().flush()


def _tells() -> bool:
    return "FANFARE_EVENT_BUS_NAME" in os.environ


def _tell_moved(message: Message) -> None:
    events().moved(message)


def _tell_recorded(recorded: Sequence[Delivery]) -> None:
    events().recorded(recorded)


@functools.cache
def channel() -> Channel:
    """The channel that this function delivers on."""
    return _OPEN[os.environ["FANFARE_CHANNEL"]]()


def signing_keys() -> Mapping[str, str]:
    """Key id → key, the newest last: what signs cursors, links and webhooks. Read again every five minutes."""
    return _keys().read()


class _Keys:
    """What is known stays known while it can't be read again: no mail fails for want of a link."""

    def __init__(self) -> None:
        self.known: Mapping[str, str] = {}
        self.until = -math.inf

    def read(self) -> Mapping[str, str]:
        now = time.monotonic()
        if not self.known or now >= self.until:
            try:
                self.known = _secret()
            except (ClientError, BotoCoreError, ValueError):
                if not self.known:
                    raise
                log.exception("the signing keys can't be read again; those that are known are used")
            self.until = now + KEYS_SECONDS
        return self.known


@functools.cache
def _keys() -> _Keys:
    return _Keys()


@functools.cache
def _secrets() -> Any:
    return _client("secretsmanager", STORE)


def _secret() -> Mapping[str, str]:
    secret = _secrets().get_secret_value(SecretId=os.environ["FANFARE_SECRET_ARN"])
    keys: Mapping[str, str] = json.loads(secret["SecretString"])
    return keys


def links() -> Links | None:
    """Signed links to the public API; None where this function is not told where that is."""
    base = os.environ.get("FANFARE_PUBLIC_URL")
    return Links(base, keys=signing_keys) if base else None


@functools.cache
def confirmations() -> Confirmations:
    return Confirmations(_table("audience"), keys=signing_keys)


@functools.cache
def _ses() -> SESV2Client:
    client: SESV2Client = _client("sesv2", PROVIDER)
    return client


@functools.cache
def _sns() -> SNSClient:
    client: SNSClient = _client("sns", PROVIDER)
    return client


@functools.cache
def letters() -> VerificationMail:
    """What this function itself writes to people; a client is opened with the first letter."""
    from fanfare.self_service.verification_mail import VerificationMail  # noqa: PLC0415 - it comes with the pages, and most functions write to nobody

    return VerificationMail(
        ses=_ses,
        sns=_sns,
        sender=os.environ["FANFARE_SENDER"],
        configuration_set=os.environ.get("FANFARE_CONFIGURATION_SET"),
    )


def brand() -> str:
    """Whom people know as the sender."""
    from fanfare.self_service import pages  # noqa: PLC0415

    return pages.brand_of(os.environ.get("FANFARE_SENDER", ""))


def public_links() -> Links:
    """Signed links, for the function that answers them."""
    return Links(os.environ["FANFARE_PUBLIC_URL"], keys=signing_keys)


def _email() -> Channel:
    return Email(
        _quick(_client("sesv2", PROVIDER)),
        sender=os.environ["FANFARE_SENDER"],
        configuration_set=os.environ.get("FANFARE_CONFIGURATION_SET"),
    )


def _sms() -> Channel:
    return Sms(_client("sns", PROVIDER))


def _push() -> Channel:
    named = {name: os.environ.get(f"FANFARE_PUSH_{name.upper()}_APPLICATION_ARN") for name in PUSH_SERVICES}
    applications = {name: arn for name, arn in named.items() if arn}
    return Push(_client("sns", PROVIDER), applications=applications)


def _webhook() -> Channel:
    allowed = os.environ.get("FANFARE_WEBHOOK_ALLOWED", "").split(",")
    return Webhook(keys=signing_keys, clock=now, allowed=frozenset(filter(None, allowed)))


def _inbox() -> Channel:
    return Inbox(inboxes())


_OPEN: Final[Mapping[str, Callable[[], Channel]]] = {
    "email": _email,
    "sms": _sms,
    "push": _push,
    "webhook": _webhook,
    "inbox": _inbox,
}


def _pace() -> Pace:
    known = settings()
    return Pace(
        lease=known.lease,
        backoff=known.backoff,
        max_attempts=known.max_attempts,
        doubt_grace=known.doubt_grace,
        stale_after=known.stale_after,
    )


@functools.cache
def fan_out() -> FanOut:
    return FanOut(
        messages=messages(),
        audience=audience(),
        catalogue=catalogue(),
        batches=batches(),
        deliveries=deliveries(),
        queues=queues(),
        clock=now,
        stale_after=settings().stale_after,
        overall=settings().user_limits,
    )


@functools.cache
def candidates() -> Candidates:
    return Candidates(audience=audience(), catalogue=catalogue(), overall=settings().user_limits)


@functools.cache
def deliver() -> Deliver:
    return Deliver(
        channel=channel(),
        batches=batches(),
        messages=messages(),
        audience=audience(),
        catalogue=catalogue(),
        deliveries=deliveries(),
        renderer=renderer(),
        clock=now,
        pace=_pace(),
        links=links(),
    )


@functools.cache
def reconcile() -> Reconcile:
    return Reconcile(
        messages=messages(),
        batches=batches(),
        queues=queues(),
        clock=now,
        pace=_pace(),
    )


def record_receipts(reports: Sequence[ReceiptEvent]) -> Counter[str]:
    """Store what providers reported; how many of each kind."""
    return record_receipt.record_receipts(
        reports, deliveries=deliveries(), audience=audience(), clock=now, retention=settings().retention
    )


def logger() -> Logger:
    """JSON lines; what the domain logs goes the same way."""
    opened = Logger(service="fanfare")
    logging.getLogger("fanfare").handlers = opened.handlers
    logging.getLogger("fanfare").setLevel(logging.INFO)
    return opened


def metrics() -> Metrics:
    """Metrics as log lines (EMF): they cost no call."""
    return Metrics(namespace="Fanfare", service="fanfare")


def stage() -> str:
    """Which deployment this is: an account may have several."""
    return os.environ["FANFARE_STAGE"]


def time_left(context: LambdaContext) -> float:
    """Seconds until the function is stopped."""
    return context.get_remaining_time_in_millis() / 1000


def forget() -> None:
    """Forget everything opened: for tests, where each has a world of its own."""
    for opened in list(globals().values()):
        if hasattr(opened, "cache_clear"):
            opened.cache_clear()
    gc.unfreeze()
