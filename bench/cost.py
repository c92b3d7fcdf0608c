"""The cost of a million deliveries by channel and part: `python -m bench.cost` counts again and writes docs/cost.md.

The counted figures are constants in `fanfare.insight.cost`; those of a message to one person, which only the page
shows, are here. A test fails if they are outdated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from fanfare.insight import cost
from fanfare.insight.cost import COUNTED, MILLION, PRICES, PROVIDERS, Counted, Takes

from bench.harness.deployment import LIMIT, Bench
from bench.harness.digests import parts as parts_of_digests
from bench.harness.to_one import cost_of_one
from testing.memory_aws.calls import Usage

PAGE: Final = Path(__file__).parent.parent / "docs" / "cost.md"
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "DynamoDB writes": ("write_units",),
    "DynamoDB reads": ("read_units",),
    "SQS": ("queue_requests", "fair_requests"),
    "Lambda time": ("gb_seconds",),
    "Lambda requests": ("invocations",),
    "EventBridge": ("events",),
    "API Gateway": ("api_requests",),
}

# An e-mail to one named person, without a topic, and with a topic that can be left and a limit
TO_ONE: Final = (
    Counted(dynamodb=6, queue=1, provider=1, bus=1, write_units=13, read_units=4, invocations=1, events=2),
    Counted(dynamodb=6, queue=1, provider=1, bus=1, write_units=17, read_units=5, invocations=1, events=2),
)

# Of 1,000 readers: a message that opens their windows, one into open windows, and the digest from closing to sent
DIGESTS: Final = (
    Counted(dynamodb=67, queue=1, provider=0, bus=1, write_units=7_275, read_units=1_000, invocations=1, events=1),
    Counted(dynamodb=63, queue=1, provider=0, bus=1, write_units=4_229, read_units=3_000, invocations=1, events=1),
    Counted(
        dynamodb=1_148, queue=20, provider=20, bus=3, write_units=4_687, read_units=4_200, invocations=2, events=21
    ),
)
IN_A_DIGEST: Final = 10  # messages

# For a message to one person, alone in its event. Log lines are measured; Lambda's own are START, END and REPORT.
LOG_BYTES: Final[Mapping[str, int]] = {"internal_api": 970, "deliver": 710, "Lambda's": 2 * 400}
RUNS: Final = 2  # of internal_api and deliver
TRACED: Final = 0.05
API_GB, API_SECONDS = 1.0, 0.033  # 28 ms of assumed waits, and the CPU at 0.58 of a core
LOGS_USD_PER_GB, TRACES_USD_PER_MILLION = Decimal("0.50"), Decimal(5)
QUEUES, POLLERS = 7, 5  # fan_out, channels, receipts; connections of Lambda for each


def counted(channel: str, *, limited: bool, recipients: int = 1_000) -> Counted:
    """What a message to this many recipients takes on a channel, counted now."""
    found = Bench(recipients, limit=LIMIT if limited else None, channel=channel).run()
    posts = recipients if channel == "webhook" else 0
    return _counted(found.usage, found.invocations, found.events, posts)


def counted_to_one(*, limited: bool) -> Counted:
    """The same of an e-mail to one named person, from a warm deployment."""
    found = cost_of_one(limited=limited)
    return _counted(found.usage, found.invocations, found.events)


def counted_of_digests(readers: int = 1_000) -> tuple[Counted, ...]:
    """The same of the parts of a digest. Read units to hundreds: windows lie in shards of the index by drawn ids."""
    found = [_counted(each.usage, each.invocations, each.events) for each in parts_of_digests(readers)]
    return tuple(replace(each, read_units=round(each.read_units, -2)) for each in found)


def _counted(usage: Usage, invocations: int, events: int, posts: int = 0) -> Counted:
    calls = dict.fromkeys(("dynamodb", "sqs", "sesv2", "sns", "events"), 0)
    for operation, count in usage.calls.items():
        calls[operation.partition(":")[0]] += count
    return Counted(
        dynamodb=calls["dynamodb"],
        queue=calls["sqs"],
        provider=calls["sesv2"] + calls["sns"] + posts,
        bus=calls["events"],
        write_units=round(sum(usage.write_units.values())),
        read_units=round(sum(usage.read_units.values())),
        invocations=invocations,
        events=events,
    )


def each_a_message(*, limited: bool) -> Takes:
    """Resources of 1,000 messages to one person each, without receipts."""
    thousand = Counted(**{name: count * 1_000 for name, count in asdict(TO_ONE[limited]).items()})
    found = cost.takes(thousand, provider_waits=cost.ONE_MAIL_WAITS)
    return replace(found, fair_requests=found.queue_requests, api_requests=Decimal(1_000))


def digest_of_ten() -> Takes:
    """Resources of ten messages in one digest of 1,000 readers each, without receipts."""
    first, further, closing = (cost.takes(each, provider_waits=cost.PROVIDER_WAITS["email"]) for each in DIGESTS)
    summed = {
        name: getattr(first, name) + (IN_A_DIGEST - 1) * getattr(further, name) + getattr(closing, name)
        for name in asdict(first)
    }
    return Takes(**summed | {"fair_requests": summed["queue_requests"], "api_requests": Decimal(IN_A_DIGEST)})


def times_cheaper(ses: Decimal | None = None) -> Decimal:
    """How many times cheaper ten messages are in one digest than as ten mails, with SES and a receipt for each mail.

    `ses`: its price of a million mails, if not the model's.
    """
    listed = PROVIDERS["email"].amount * MILLION / PROVIDERS["email"].per
    mail = (listed if ses is None else ses) + ours(cost.of_receipts())
    alone = ours(cost.of_channel("email", limited=False)) + mail
    return IN_A_DIGEST * alone / (ours(digest_of_ten()) + mail)


def amount(takes: Takes, names: tuple[str, ...]) -> Decimal:
    """US dollars per million deliveries."""
    return sum((getattr(takes, name) * PRICES[name].amount * 1_000 / PRICES[name].per for name in names), Decimal())


def ours(takes: Takes) -> Decimal:
    """US dollars per million deliveries, all parts together."""
    return sum((amount(takes, names) for names in PARTS.values()), Decimal())


def rows() -> Iterator[list[str]]:
    """A row per channel and design, in US dollars per million."""
    listed = {
        **{
            f"{channel}, {'with' if limited else 'without'} a limit": (
                channel,
                cost.of_channel(channel, limited=limited),
            )
            for channel in COUNTED
            for limited in (False, True)
        },
        "email, a message to each person, without a limit": ("email", each_a_message(limited=False)),
        "email, a message to each person, with a limit": ("email", each_a_message(limited=True)),
        "email, ten messages in one digest": ("email", digest_of_ten()),
        "receipts of e-mail, one each": (None, cost.of_receipts()),
        "*e-mail, one task per recipient, without a limit*": ("email", cost.each_by_itself(limited=False)),
        "*e-mail, one task per recipient, with a limit*": ("email", cost.each_by_itself(limited=True)),
    }
    for name, (channel, takes) in listed.items():
        price = PROVIDERS.get(channel or "")
        provider = f"{price.amount * MILLION / price.per:,.2f}" if price else "none"
        yield [name, *(f"{amount(takes, names):.3f}" for names in PARTS.values()), f"**{ours(takes):.2f}**", provider]


def left_out() -> Iterator[list[str]]:
    """What a message to one person takes in addition: a row each, in US dollars per million messages."""
    requests = PRICES["invocations"].amount * MILLION / PRICES["invocations"].per
    longer = API_SECONDS * (API_GB - cost.MEMORY_GB)
    api = requests + Decimal(str(longer)) * PRICES["gb_seconds"].amount * MILLION / PRICES["gb_seconds"].per
    logs = Decimal(sum(LOG_BYTES.values())) * MILLION / 10**9 * LOGS_USD_PER_GB
    traces = Decimal(str(TRACED * RUNS)) * TRACES_USD_PER_MILLION
    yield ["the API function's own request, and its second half of a gigabyte", f"{api:.2f}"]
    yield [f"logs: {sum(LOG_BYTES.values()):,} bytes of own and Lambda's lines", f"{logs:.2f}"]
    yield [f"traces: {TRACED:.0%} of {RUNS} runs", f"{traces:.2f}"]


def idle() -> Decimal:
    """US dollars per month of a deployment that sends nothing: Lambda's pollers ask each queue."""
    requests = QUEUES * POLLERS * 3 * 60 * 24 * 30  # each asks every 20 seconds
    return Decimal(requests) * PRICES["queue_requests"].amount / PRICES["queue_requests"].per


def page() -> str:
    """docs/cost.md."""
    head = ["USD per million deliveries", *PARTS, "**ours**", "provider"]
    table = [head, ["---", *["---:"] * (len(head) - 1)], *rows()]
    prices = [["unit", "USD", "for", "list", "read at", "from AWS"], ["---"] * 6]
    for price in (*PRICES.values(), *PROVIDERS.values()):
        seen = "yes" if price.confirmed else "**no**"
        prices.append([price.unit, f"{price.amount}", f"{price.per:,}", price.source, price.read_at, seen])
    calls = [["a message to a thousand", "AWS and provider calls", "write units", "read units"], ["---", *["---:"] * 3]]
    for channel, both in COUNTED.items():
        for limited, each in enumerate(both):
            calls.append(_counts(f"{channel}, {'with' if limited else 'without'} a limit", each))
    for name, each in zip(("first", "next", "closing"), DIGESTS, strict=True):
        calls.append(_counts(f"digests, {name}", each))
    for limited, each in enumerate(TO_ONE):
        calls.append(_counts(f"**a message to one person**, {'with' if limited else 'without'} a limit", each))
    for limited, each in enumerate(cost.EACH_BY_ITSELF):
        calls.append(_counts(f"*one task per recipient, {'with' if limited else 'without'} a limit*", each))
    one = ours(each_a_message(limited=False)) / MILLION
    return TEXT.format(
        as_of=cost.AS_OF,
        table=_lines(table),
        prices=_lines(prices),
        calls=_lines(calls),
        receipt_calls=cost.RECEIPTS.dynamodb,
        receipt_units=cost.RECEIPTS.write_units,
        receipt_requests=cost.RECEIPT_REQUESTS,
        one_usd=one,
        left_out=_lines([["a million messages to one person each", "USD"], ["---", "---:"], *left_out()]),
        idle_usd=idle(),
        times_cheaper=times_cheaper(),
        queues=QUEUES,
        pollers=POLLERS,
        one_times=one / ours(cost.of_channel("email", limited=False)) * MILLION,
    )


def _counts(name: str, each: Counted) -> list[str]:
    calls = each.dynamodb + each.queue + each.provider + each.bus
    return [name, f"{calls:,}", f"{each.write_units:,}", f"{each.read_units:,}"]


def _lines(table: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in table)


TEXT: Final = """\
<!-- Generated by `python -m bench.cost` from `fanfare.insight.cost`; a test fails if they differ. -->
# Cost

List prices of us-east-1 as of {as_of}, without free tier, discounts, tax, logs, storage, traces and idle polling. The
calls of one message to 1,000 people of a topic are counted on the real code and SDK. Dry runs use the same figures, so
they are too low for a few recipients.

{table}

- **Ours** is everything except the provider. The settings `delivery_events` and `delivery_receipts` reduce events and
  receipts.
- **E-mail** is at the SES plan Essentials; [à la carte](deploy.md#5-leave-the-sandbox-and-choose-a-plan) it is $100.
  The price of a text depends on the country; this one is an example.
- **Ten messages in one digest** are {times_cheaper:.1f} times cheaper than ten mails with SES and receipts.
- **One task per recipient** is the usual design: a queue message for each, which reads the user, writes a row, sends,
  and writes the outcome; a limit adds one conditional write.
- **SQS** includes the price of fair queues for every request about a copy.
- **Lambda time** is a model: assumed waits (DynamoDB 6 ms, SQS 10 ms, EventBridge 15 ms, SES 300 ms for fifty mails and
  100 ms for one, SNS 30 to 50 ms, a webhook 200 ms) plus the CPU of `bench.counts` at 512 MB, 0.29 of a core.

## What a message takes

From the POST to the last settled delivery. Not included: receipts (for 1,000 e-mails {receipt_calls} calls,
{receipt_units:,} write units and {receipt_requests:,} queue requests) and the reconciler's queries, once a minute.

{calls}

Recipients share what a message needs once: its states, page, batch and events. A message to one person pays for all of
it: ${one_usd:.6f}, {one_times:.0f} times a share in a message to 1,000, and about a tenth of the price of the e-mail.
For such messages alone, the usual design is cheaper; it keeps no backup. Texts take more, because each is recorded
alone.

## What the first table leaves out

{left_out}

Logs are $0.50 a gigabyte, traces $5 a million; both from examples on AWS's pages, not confirmed. An idle deployment is
polled: {queues} queues by {pollers} connections, every 20 seconds, at most ${idle_usd:.2f} a month; the reconciler's
runs are within cents.

## Prices

Those marked **no** were read elsewhere: many pages of AWS show them only by script.

{prices}
"""


def main() -> int:
    """Write the page; say which counts have changed since they were noted."""
    changed = 0
    noted = [(channel, 1_000, both) for channel, both in COUNTED.items()] + [("email", 1, TO_ONE)]
    for channel, recipients, both in noted:
        for limited, each in enumerate(both):
            found = counted(channel, limited=bool(limited)) if recipients > 1 else counted_to_one(limited=bool(limited))
            if found != each:
                changed += 1
                print(f"{channel} to {recipients:,}, limited={bool(limited)}: noted is {each}; counted: {found}")
    for part, found in zip(DIGESTS, counted_of_digests(), strict=True):
        if found != part:
            changed += 1
            print(f"digests: noted is {part}; counted: {found}")
    PAGE.write_text(page())
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
