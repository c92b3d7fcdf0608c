"""Settings of the deployment, from the environment, and the clock."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from fanfare.channels.sms import countries_of
from fanfare.clock import Clock, system_clock
from fanfare.data_classes import dataclass
from fanfare.runtime.registry import opened


@dataclass(frozen=True, kw_only=True)
class RuntimeSettings:
    """Settings of the deployment. Times are in seconds."""

    stale_after: float = 120.0
    backoff: float = 30.0
    max_attempts: int = 8
    doubt_grace: float = 120.0
    lease: float = 75.0
    retention: timedelta = timedelta(days=30)
    user_id_claim: str = "sub"
    own_messages_only: bool = False  # a service sees no messages of others
    message_overseers: frozenset[str] = frozenset()  # principals that see all the same
    origin_header: str | None = None  # in which that proxy proves that a request came through it
    source_header: str | None = None  # in which the proxy in front of the public API passes the client IP
    delivery_receipts: bool = True  # whether the provider reports deliveries
    locale: str = "en"  # of texts that are not translated, and of users without one
    time_zone: str = "UTC"  # of users without one
    sender: str = ""  # of mails; empty where a function does not need it
    sender_domain: str | None = None  # all of whose addresses SES has verified
    senders: frozenset[str] = frozenset()  # that a single message can name
    user_limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # channel → limit across all topics
    piece_prices: Mapping[str, float] = field(default_factory=dict)  # channel → price, instead of the list price
    sms_countries: frozenset[str] | None = None  # to which texts are sent; None: to all
    sms_max_price: str | None = None  # dollars per text
    codes_per_hour: int = 100  # by text, for all users together
    public_directory: bool = True  # whether public topics are shown without a token

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> RuntimeSettings:
        """The settings in the environment, with defaults for the others."""

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
            own_messages_only=environment.get("FANFARE_OWN_MESSAGES_ONLY") == "true",
            message_overseers=frozenset(environment.get("FANFARE_MESSAGE_OVERSEERS", "").split(",")),
            origin_header=environment.get("FANFARE_ORIGIN_HEADER"),
            source_header=environment.get("FANFARE_SOURCE_HEADER"),
            delivery_receipts=environment.get("FANFARE_DELIVERY_RECEIPTS", "true") == "true",
            locale=environment.get("FANFARE_LOCALE", cls.locale),
            time_zone=environment.get("FANFARE_TIME_ZONE", cls.time_zone),
            sender=environment.get("FANFARE_SENDER", cls.sender),
            sender_domain=environment.get("FANFARE_SENDER_DOMAIN"),
            senders=frozenset(environment.get("FANFARE_SENDERS", "").split(",")) - {""},
            user_limits=json.loads(environment.get("FANFARE_USER_LIMITS", "{}")),
            piece_prices=json.loads(environment.get("FANFARE_PIECE_PRICES", "{}")),
            sms_countries=countries_of(environment.get("FANFARE_SMS_COUNTRIES")),
            sms_max_price=environment.get("FANFARE_SMS_MAX_PRICE"),
            public_directory=environment.get("FANFARE_PUBLIC_DIRECTORY", "true") == "true",
            codes_per_hour=int(environment.get("FANFARE_CODES_PER_HOUR", cls.codes_per_hour)),
        )


@opened.once
def settings() -> RuntimeSettings:
    """The settings of this function."""
    return RuntimeSettings.read(os.environ)


@opened.once
def clock() -> Clock:
    """The clock that all use cases get."""
    return system_clock


def brand_of(sender: str) -> str:
    """The name in `Name <address>`, or the address if there is no name."""
    name, address = parseaddr(sender)
    return name or address
