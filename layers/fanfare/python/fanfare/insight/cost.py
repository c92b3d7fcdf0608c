"""Cost of deliveries: resources as counted by `bench`, times list prices of one region.

An estimate, not a bill: without free tier, volume discounts, tax, logs and storage. The counts are exact and checked
by a test. The time that a function waits for a call is an assumption, marked below.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from fanfare.channels import CHANNELS
from fanfare.data_classes import dataclass, replace

AS_OF: Final = "2026-11-23"  # in us-east-1
CURRENCY: Final = "USD"
OWN: Final = "piece_prices of this deployment"


@dataclass(frozen=True)
class Price:
    """`amount` for `per` units of `unit`. AWS's pages load most prices by script, so `read_at` is the place and date at
    which the price was read; `confirmed`: AWS itself states it there."""

    amount: Decimal
    per: int
    unit: str
    source: str
    read_at: str = ""
    confirmed: bool = False


MILLION: Final = 1_000_000
DYNAMODB: Final = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
LAMBDA: Final = "https://aws.amazon.com/lambda/pricing/"
DYNAMODB_READ_AT: Final = "airbyte.com/data-engineering-resources/dynamodb-pricing, 2025-07-21"

# Price of the provider by channel. Other channels cost only infrastructure.
PROVIDERS: Final[Mapping[str, Price]] = {
    # The Essentials plan, the default of new accounts; $0.10 for accounts on the à-la-carte plan.
    "email": Price(
        Decimal("0.16"),
        1_000,
        "e-mails",
        "https://aws.amazon.com/ses/pricing/",
        "api-evangelist/amazon-ses, from the AWS Price List of 2026-07-22",
    ),
    # By country, from under $0.01 to over $0.20, not looked up: a deployment sets its own price.
    "sms": Price(Decimal("0.05"), 1, "segments", "https://aws.amazon.com/sns/sms-pricing/", "an example, not a price"),
    "push": Price(
        Decimal("0.50"),
        MILLION,
        "notifications",
        "https://aws.amazon.com/sns/pricing/",
        "factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols, 2026-06-13",
    ),
}

# Price per unit, by the fields of `Takes`
PRICES: Final[Mapping[str, Price]] = {
    "write_units": Price(Decimal("0.625"), MILLION, "write units", DYNAMODB, DYNAMODB_READ_AT),
    "read_units": Price(Decimal("0.125"), MILLION, "read units", DYNAMODB, DYNAMODB_READ_AT),
    "queue_requests": Price(
        Decimal("0.40"),
        MILLION,
        "queue requests",
        "https://aws.amazon.com/sqs/pricing/",
        "cloudburn.io/blog/amazon-sqs-pricing, 2026",
    ),
    # for requests with a message group on a standard queue, in addition to the price of the request
    "fair_requests": Price(
        Decimal("0.10"),
        MILLION,
        "fair queue requests",
        "https://aws.amazon.com/sqs/pricing/",
        "cloudburn.io/blog/amazon-sqs-pricing, 2026",
    ),
    "invocations": Price(
        Decimal("0.20"), MILLION, "invocations", LAMBDA, "examples on AWS's page, 2026-09-20", confirmed=True
    ),
    "gb_seconds": Price(Decimal("13.3334"), MILLION, "GB-seconds", LAMBDA, "artillery 2.0.28, prices.js (arm64)"),
    "events": Price(
        Decimal("1.00"),
        MILLION,
        "events",
        "https://aws.amazon.com/eventbridge/pricing/",
        "cloudburn.io/blog/amazon-eventbridge-pricing, 2026",
    ),
    "api_requests": Price(
        Decimal("1.00"),
        MILLION,
        "API requests",
        "https://aws.amazon.com/api-gateway/pricing/",
        "examples on AWS's page, 2026-09-20",
        confirmed=True,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Takes:
    """Resources of 1,000 deliveries."""

    write_units: Decimal
    read_units: Decimal
    queue_requests: Decimal
    invocations: Decimal
    gb_seconds: Decimal
    events: Decimal
    fair_requests: Decimal = Decimal(0)  # queue requests with a message group
    api_requests: Decimal = Decimal(1)  # one message to 1,000 recipients


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Counts by `bench` of one message to 1,000 recipients: exact, and the same in every run."""

    dynamodb: int  # calls
    queue: int  # calls
    provider: int  # calls, of webhook endpoints too
    bus: int  # calls
    write_units: int
    read_units: int
    invocations: int  # of fan-out and workers
    events: int  # several fit one call


# By channel: without and with a rate limit per user
COUNTED: Final[Mapping[str, tuple[Counted, Counted]]] = {
    "email": (
        Counted(
            dynamodb=82, queue=3, provider=20, bus=3, write_units=1_257, read_units=2_069, invocations=3, events=21
        ),
        Counted(
            dynamodb=99, queue=4, provider=22, bus=3, write_units=3_321, read_units=2_076, invocations=4, events=23
        ),
    ),
    "sms": (
        Counted(
            dynamodb=2_084,
            queue=12,
            provider=1_000,
            bus=101,
            write_units=3_225,
            read_units=2_256,
            invocations=11,
            events=1_001,
        ),
        Counted(
            dynamodb=2_094,
            queue=14,
            provider=1_000,
            bus=101,
            write_units=5_265,
            read_units=2_256,
            invocations=11,
            events=1_001,
        ),
    ),
    "push": (
        Counted(
            dynamodb=90, queue=5, provider=2_000, bus=5, write_units=1_497, read_units=2_116, invocations=5, events=41
        ),
        Counted(
            dynamodb=112, queue=8, provider=2_000, bus=5, write_units=3_613, read_units=2_131, invocations=6, events=46
        ),
    ),
    "webhook": (
        Counted(
            dynamodb=184,
            queue=12,
            provider=1_000,
            bus=11,
            write_units=2_225,
            read_units=2_257,
            invocations=11,
            events=101,
        ),
        Counted(
            dynamodb=194,
            queue=14,
            provider=1_000,
            bus=11,
            write_units=4_265,
            read_units=2_257,
            invocations=11,
            events=101,
        ),
    ),
    "inbox": (
        Counted(
            dynamodb=122, queue=3, provider=0, bus=3, write_units=2_257, read_units=2_069, invocations=3, events=21
        ),
        Counted(
            dynamodb=143, queue=4, provider=0, bus=3, write_units=4_321, read_units=2_076, invocations=4, events=23
        ),
    ),
}

# For comparison, a common design per 1,000 e-mails: each recipient has a queue message, a row and separate calls. It
# reads the user, writes the row, sends, and writes the outcome; a rate limit is one more conditional write.
EACH_BY_ITSELF: Final = (
    Counted(
        dynamodb=3_000,
        queue=1_000,
        provider=1_000,
        bus=0,
        write_units=2_000,
        read_units=1_000,
        invocations=1_000,
        events=0,
    ),
    Counted(
        dynamodb=4_000,
        queue=1_000,
        provider=1_000,
        bus=0,
        write_units=3_000,
        read_units=1_000,
        invocations=1_000,
        events=0,
    ),
)

# Assumed: seconds that a function waits for a call in the same region. A bulk call has 50 mails.
WAITS: Final = {"dynamodb": 0.006, "queue": 0.010, "bus": 0.015}
PROVIDER_WAITS: Final = {"email": 0.3, "sms": 0.05, "push": 0.03, "webhook": 0.2, "inbox": 0.0}
ONE_MAIL_WAITS: Final = 0.1
# Seconds, measured by bench.counts and rounded up. At 512 MB a function has 512/1769 of a core.
CPU_A_CALL: Final = 0.0005
CPU_A_DELIVERY: Final = 0.00015
MEMORY_GB: Final = 0.5
CORE: Final = 512 / 1769

# Assumed: one receipt per mail (`delivery_receipts`): the bus queues it; it is received with nine others, and written
# with up to 24 others per call by a function that gets 100, which also updates an item for each batch among them.
RECEIPTS: Final = Counted(
    dynamodb=240, queue=0, provider=0, bus=0, write_units=1_200, read_units=0, invocations=10, events=0
)
RECEIPT_REQUESTS: Final = 1_200


def takes(counted: Counted, *, provider_waits: float, queue_requests: int | None = None) -> Takes:
    """Billed resources for these counts. Per invocation, Lambda's poller receives once and deletes once."""
    waited = sum(getattr(counted, name) * seconds for name, seconds in WAITS.items())
    waited += counted.provider * provider_waits
    calls = counted.dynamodb + counted.queue + counted.provider + counted.bus
    worked = (calls * CPU_A_CALL + 1_000 * CPU_A_DELIVERY) / CORE
    return Takes(
        write_units=Decimal(counted.write_units),
        read_units=Decimal(counted.read_units),
        queue_requests=Decimal(queue_requests or counted.queue + 2 * counted.invocations),
        invocations=Decimal(counted.invocations),
        gb_seconds=Decimal(str(round((waited + worked) * MEMORY_GB, 2))),
        events=Decimal(counted.events),
    )


def of_channel(channel: str, *, limited: bool) -> Takes:
    """Resources of 1,000 deliveries on a channel, without receipts. Every copy has its message's group."""
    if channel not in COUNTED:  # not measured: use a channel that works in the same way
        channel = "sms" if CHANNELS[channel].one_by_one else "push"
    found = takes(COUNTED[channel][limited], provider_waits=PROVIDER_WAITS[channel])
    return replace(found, fair_requests=found.queue_requests)


def of_receipts() -> Takes:
    """Resources of one receipt for each of 1,000 mails."""
    return replace(takes(RECEIPTS, provider_waits=0, queue_requests=RECEIPT_REQUESTS), api_requests=Decimal(0))


def each_by_itself(*, limited: bool) -> Takes:
    """Resources of 1,000 e-mails in a design that sends each separately."""
    return takes(EACH_BY_ITSELF[limited], provider_waits=ONE_MAIL_WAITS)


@dataclass(frozen=True)
class Line:
    """One line of an estimate. `what` is a channel or `infrastructure`."""

    what: str
    quantity: int
    price: Price

    @property
    def amount(self) -> Decimal:
        return self.price.amount * self.quantity / self.price.per


def estimate(
    pieces: Mapping[str, int], deliveries: Mapping[str, int], *, limited: bool, prices: Mapping[str, float]
) -> Iterator[Line]:
    """The lines for `pieces` (as billed by the provider) and `deliveries`, both by channel.

    `limited`: whether a rate limit per user applies. `prices`: the deployment's own prices per piece, by channel.
    """
    for channel, quantity in pieces.items():
        listed = PROVIDERS.get(channel)
        if channel in prices:
            unit = listed.unit if listed else "pieces"
            yield Line(channel, quantity, Price(Decimal(str(prices[channel])), 1, unit, OWN))
        elif listed:
            yield Line(channel, quantity, listed)
    parts = [(of_channel(channel, limited=limited), count) for channel, count in deliveries.items()]
    parts.append((of_receipts(), deliveries.get("email", 0)))
    for name, price in PRICES.items():
        quantity = sum(getattr(each, name) * count for each, count in parts) / 1_000
        yield Line("infrastructure", math.ceil(quantity), price)
