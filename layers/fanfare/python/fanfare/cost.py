"""What a message will cost, roughly: list prices, each with its page; `AS_OF` says when they were looked up.

An estimate for a decision, not a bill: no free tier, no discount for volume, no tax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

AS_OF: Final = "2026-11-22"  # in us-east-1
CURRENCY: Final = "USD"
OWN: Final = "piece_prices of this deployment"


@dataclass(frozen=True)
class Price:
    """`amount` for `per` units of `unit`."""

    amount: Decimal
    per: int
    unit: str
    source: str


# What a channel's provider takes for a piece; a channel that is not here costs nothing but infrastructure.
PROVIDERS: Final[Mapping[str, Price]] = {
    # The Essentials plan, on which new accounts are; $0.10 à la carte, for accounts that chose so.
    "email": Price(Decimal("0.16"), 1_000, "e-mails", "https://aws.amazon.com/ses/pricing/"),
    # By country, from under a cent to more than 20, and we do not look it up: a deployment says what is true for it.
    "sms": Price(Decimal("0.05"), 1, "segments", "https://aws.amazon.com/sns/sms-pricing/"),
    "push": Price(Decimal("0.50"), 1_000_000, "notifications", "https://aws.amazon.com/sns/pricing/"),
}

# What one delivery takes, everything included. Counted with 1,000 e-mails of one message: 123 calls (`make demo`
# prints the table), and the write units of a topic with a limit per user, which are twice those of one without.
A_DELIVERY: Final[tuple[tuple[Decimal, Price], ...]] = (
    (
        Decimal("3.3"),
        Price(Decimal("0.625"), 1_000_000, "write units", "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    ),
    (
        Decimal(3),
        Price(Decimal("0.125"), 1_000_000, "read units", "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    ),
    (Decimal("0.1"), Price(Decimal("0.40"), 1_000_000, "queue requests", "https://aws.amazon.com/sqs/pricing/")),
    (Decimal("0.005"), Price(Decimal("13.3334"), 1_000_000, "GB-seconds", "https://aws.amazon.com/lambda/pricing/")),
)


@dataclass(frozen=True)
class Line:
    """One line of an estimate. `what` is a channel, or `infrastructure`."""

    what: str
    quantity: int
    price: Price

    @property
    def amount(self) -> Decimal:
        return self.price.amount * self.quantity / self.price.per


def estimate(pieces: Mapping[str, int], deliveries: int, *, prices: Mapping[str, float]) -> Iterator[Line]:
    """The lines for so many `pieces` by channel, as its provider counts them, and so many deliveries in all.

    `prices` are the deployment's own, for a piece, in place of the list's.
    """
    for channel, quantity in pieces.items():
        listed = PROVIDERS.get(channel)
        if channel in prices:
            unit = listed.unit if listed else "pieces"
            yield Line(
                channel, quantity, Price(Decimal(str(prices[channel])), 1, unit, "piece_prices of this deployment")
            )
        elif listed:
            yield Line(channel, quantity, listed)
    for each, price in A_DELIVERY:
        yield Line("infrastructure", -int(-each * deliveries // 1), price)
