"""What a million deliveries cost, by channel and by part: `python -m bench.cost` counts again and writes docs/cost.md.

The figures that it counts stand in `fanfare.insight.cost`, and here for a message to one person, which the page alone
asks for; a test says where they are not true any more.
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

from bench.counts import LIMIT, Bench

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

# A message to one person by e-mail, without and with a limit per user
TO_ONE: Final = (
    Counted(dynamodb=21, queue=2, provider=1, bus=1, write_units=37, read_units=23, invocations=2, events=2),
    Counted(dynamodb=21, queue=2, provider=1, bus=1, write_units=39, read_units=23, invocations=2, events=2),
)


def counted(channel: str, *, limited: bool, recipients: int = 1_000) -> Counted:
    """What a message to so many takes on a channel, counted now."""
    found = Bench(recipients, limit=LIMIT if limited else None, channel=channel).run()
    calls = dict.fromkeys(("dynamodb", "sqs", "sesv2", "sns", "events"), 0)
    for operation, count in found.usage.calls.items():
        calls[operation.partition(":")[0]] += count
    return Counted(
        dynamodb=calls["dynamodb"],
        queue=calls["sqs"],
        provider=calls["sesv2"] + calls["sns"] + (recipients if channel == "webhook" else 0),
        bus=calls["events"],
        write_units=round(sum(found.usage.write_units.values())),
        read_units=round(sum(found.usage.read_units.values())),
        invocations=found.invocations,
        events=found.events,
    )


def each_a_message(*, limited: bool) -> Takes:
    """What a thousand messages to one person each take, receipts not included."""
    thousand = Counted(**{name: count * 1_000 for name, count in asdict(TO_ONE[limited]).items()})
    found = cost.takes(thousand, provider_waits=cost.ONE_MAIL_WAITS)
    return replace(found, fair_requests=found.queue_requests, api_requests=Decimal(1_000))


def amount(takes: Takes, names: tuple[str, ...]) -> Decimal:
    """Dollars a million deliveries."""
    return sum((getattr(takes, name) * PRICES[name].amount * 1_000 / PRICES[name].per for name in names), Decimal())


def ours(takes: Takes) -> Decimal:
    """Dollars a million deliveries, all parts together."""
    return sum((amount(takes, names) for names in PARTS.values()), Decimal())


def rows() -> Iterator[list[str]]:
    """A row for each channel and design, in dollars a million."""
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
        "receipts of e-mail, one each": (None, cost.of_receipts()),
        "*e-mail, each recipient by itself, without a limit*": ("email", cost.each_by_itself(limited=False)),
        "*e-mail, each recipient by itself, with a limit*": ("email", cost.each_by_itself(limited=True)),
    }
    for name, (channel, takes) in listed.items():
        price = PROVIDERS.get(channel or "")
        provider = f"{price.amount * MILLION / price.per:,.2f}" if price else "none"
        yield [name, *(f"{amount(takes, names):.3f}" for names in PARTS.values()), f"**{ours(takes):.2f}**", provider]


def page() -> str:
    """docs/cost.md."""
    head = ["USD a million deliveries", *PARTS, "**ours**", "provider"]
    table = [head, ["---", *["---:"] * (len(head) - 1)], *rows()]
    prices = [["unit", "USD", "for", "list", "read at", "by AWS's own words"], ["---"] * 6]
    for price in (*PRICES.values(), *PROVIDERS.values()):
        seen = "yes" if price.confirmed else "**no**"
        prices.append([price.unit, f"{price.amount}", f"{price.per:,}", price.source, price.read_at, seen])
    calls = [["a message to a thousand", "AWS and provider calls", "write units", "read units"], ["---", *["---:"] * 3]]
    for channel, both in COUNTED.items():
        for limited, each in enumerate(both):
            calls.append(_counts(f"{channel}, {'with' if limited else 'without'} a limit", each))
    for limited, each in enumerate(TO_ONE):
        calls.append(_counts(f"**a message to one person**, {'with' if limited else 'without'} a limit", each))
    for limited, each in enumerate(cost.EACH_BY_ITSELF):
        calls.append(_counts(f"*each by itself, {'with' if limited else 'without'} a limit*", each))
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
        one_times=one / ours(cost.of_channel("email", limited=False)) * MILLION,
    )


def _counts(name: str, each: Counted) -> list[str]:
    calls = each.dynamodb + each.queue + each.provider + each.bus
    return [name, f"{calls:,}", f"{each.write_units:,}", f"{each.read_units:,}"]


def _lines(table: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in table)


TEXT: Final = """\
# What it costs

Written by `python -m bench.cost` from `fanfare.insight.cost`, which `?dry_run=true` answers from, too. Prices are of
us-east-1 as of {as_of}: no free tier, no discount, no tax; logs, storage, traces and idle polling are left out. A
message goes to a thousand people of one topic; what it takes is counted on the real use cases and the real SDK with AWS
in memory behind it, and a test fails when it changes.

{table}

*Ours* is all but the provider. Events are those of `delivery_events`, receipts those of `delivery_receipts`: both can
be turned off. E-mail is at SES's Essentials price, on which new accounts are; à la carte it is $100. A text message's
price depends on the country, so the figure is an example and no price.

*Each recipient by itself* is the usual design: a queue message, a row and calls of its own for each. It reads the user,
writes the row, sends the mail, and writes what became of it; a limit is one conditional write more.

Copies of a message are a group of SQS's fair queues, which has a price of its own; it is told for every request about
them, sending, receiving and deleting, though AWS may mean fewer.

Lambda's time is a model: calls wait (DynamoDB 6 ms, SQS 10 ms, EventBridge 15 ms, SES 300 ms for fifty mails and 100 ms
for one, SNS 30 to 50 ms, a webhook 200 ms), which is assumed, and the CPU is what `bench.counts` measures, at 512 MB,
which is 0.29 of a core.

## What it takes

From the POST to the last delivery settled. Two things are not in it. With `delivery_receipts`, what SES reports of a
thousand mails takes {receipt_calls} calls, {receipt_units:,} write units and {receipt_requests:,} requests of a queue.
And the reconciler asks once a minute what is overdue, whether anything is sent or not.

{calls}

What a message takes for itself, its own states, its page, its batch and its events, is shared by all whom it reaches. A
message to one person pays it alone: ${one_usd:.6f}, {one_times:.0f} times a share in a message to a thousand and about
a fifth of what SES takes for the mail. For such messages alone the usual design is the cheaper one. Estimates of dry
runs go by the share, so for a message to a few they say too little of the infrastructure.

Text messages and webhooks are marked and recorded one by one, so that a crash repeats at most one: that is their price.
A device that is written to for the first time takes one call more.

## Prices

AWS's pages draw most figures by script, so many were read elsewhere; those are to be confirmed before a contract
depends on them.

{prices}
"""


def main() -> int:
    """Write the page; say which counts have changed since they were noted."""
    changed = 0
    noted = [(channel, 1_000, both) for channel, both in COUNTED.items()] + [("email", 1, TO_ONE)]
    for channel, recipients, both in noted:
        for limited, each in enumerate(both):
            found = counted(channel, limited=bool(limited), recipients=recipients)
            if found != each:
                changed += 1
                print(f"{channel} to {recipients:,}, limited={bool(limited)}: noted is {each}; counted: {found}")
    PAGE.write_text(page())
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
