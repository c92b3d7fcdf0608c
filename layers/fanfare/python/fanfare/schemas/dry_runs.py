"""Dry runs in the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import (
    ConfigDict,
    Field,
)

from fanfare.schemas.errors import WarningView
from fanfare.schemas.scalars import At, View


class SampleView(View):
    """The content for one user. `error`: it does not render, or the provider refuses it.

    `segments`, `encoding`: if the provider bills by segment. `encoding_because`: the character for which it is UCS-2.
    """

    channel: str
    locale: str | None
    recipients: int
    user_id: str | None
    content: Mapping[str, str] | None
    segments: int | None
    encoding: str | None
    encoding_because: str | None
    error: str | None


class CostLineView(View):
    """`quantity` units at `price` per `per` units. `what` is a channel or `infrastructure`."""

    what: str
    quantity: int
    unit: str
    price: float
    per: int
    amount: float
    source: str


class CostView(View):
    """An estimate from list prices of the date `as_of`, without free tier, discounts and tax."""

    currency: str
    total: float
    as_of: str
    lines: Sequence[CostLineView]


class DryRunView(View):
    """The expected outcome of the message if it were fanned out at `at`. Nothing is stored.

    For a large topic, only the first `looked_at` subscriptions are evaluated and the numbers extrapolated; then
    `sampled` is true.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2027-01-01T08:00:00.000Z",
                    "sampled": False,
                    "looked_at": 1_020,
                    "audience": {"email": 1_000, "sms": 20},
                    "deliver": {"email": 950, "sms": 20},
                    "deferred": {"email": {"quiet_hours": 30}},
                    "digested": {},
                    "skipped": {"email": {"no_address": 18, "suppressed_bounce": 2}},
                    "segments": {"sms": 40},
                    "samples": [
                        {
                            "channel": "sms",
                            "locale": "de",
                            "recipients": 20,
                            "user_id": "user-1",
                            "content": {"text": "Bestellung A-17 ist unterwegs."},
                            "segments": 1,
                            "encoding": "GSM-7",
                            "encoding_because": None,
                            "error": None,
                        }
                    ],
                    "samples_left_out": 0,
                    "estimated_cost": {
                        "currency": "USD",
                        "total": 2.1568,
                        "as_of": "2026-11-22",
                        "lines": [
                            {
                                "what": "email",
                                "quantity": 980,
                                "unit": "e-mails",
                                "price": 0.16,
                                "per": 1_000,
                                "amount": 0.1568,
                                "source": "https://aws.amazon.com/ses/pricing/",
                            }
                        ],
                    },
                    "warnings": [],
                }
            ]
        }
    )

    at: At
    sampled: bool
    looked_at: int
    audience: Mapping[str, int] = Field(description="Recipients by channel.")
    deliver: Mapping[str, int] = Field(description="Recipients to be sent at once, by channel.")
    deferred: Mapping[str, Mapping[str, int]] = Field(description="Recipients to be sent later, by channel and reason.")
    digested: Mapping[str, int] = Field(description="Recipients whose message goes into a digest, by channel.")
    skipped: Mapping[str, Mapping[str, int]] = Field(description="Skipped recipients, by channel and reason.")
    segments: Mapping[str, int] = Field(description="Billed segments, on channels that bill by length of text.")
    samples: Sequence[SampleView]
    samples_left_out: int
    estimated_cost: CostView
    warnings: Sequence[WarningView]
