"""What people and services said about subscriptions, and whose word holds.

A no that a person gave binds services; a no of a service does not. After one click or a STOP, not even new evidence
counts for `COOLING`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from fanfare.clock import from_text
from fanfare.errors import Conflict


class By(StrEnum):
    """The way by which a yes or a no came."""

    SERVICE = "service"
    IMPORT = "import"
    PERSON = "person"  # through the public API
    ONE_CLICK = "one_click"  # the link in a mail (RFC 8058)
    PAGE = "page"  # the preference page
    CONFIRMATION = "confirmation"
    STOP = "stop"  # to the provider of text messages


class Answer(StrEnum):
    """What was said; also the state of a subscription."""

    YES = "subscribed"
    NO = "unsubscribed"


OF_SERVICES: Final = frozenset({By.SERVICE, By.IMPORT})
# How much a no weighs: a lighter one changes nothing where a heavier one stands
WEIGHT: Final = {By.SERVICE: 0, By.IMPORT: 0, By.CONFIRMATION: 1, By.PERSON: 1, By.PAGE: 1, By.ONE_CLICK: 2, By.STOP: 2}
BINDING: Final = 1  # the least weight of a no that binds services
HEAVIEST: Final = 2  # of a no that no evidence overrides for a time
COOLING: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One change of a subscription. `recorded_at`: when it was stored; `at`: since when it holds, as told."""

    topic: str
    channel: str
    state: Answer
    by: By
    recorded_at: str
    at: str
    message_id: str | None = None
    evidence: str | None = None


def check_yes(by: By, no: Consent | None, *, now: datetime, override: bool = False) -> None:
    """Raises Conflict if the standing `no` forbids a yes that comes this way. `override`: with new evidence."""
    if no is None or by not in OF_SERVICES or WEIGHT[no.by] < BINDING:
        return
    if not override:
        raise Conflict(
            "This person unsubscribed; only they can subscribe again. "
            "With new evidence of their consent, use the route `resubscription`.",
            code="unsubscribed_by_person",
        )
    if WEIGHT[no.by] >= HEAVIEST and now < from_text(no.at) + COOLING:
        raise Conflict(
            f"This person unsubscribed less than {COOLING.days} days ago; only they can subscribe again before then.",
            code="too_soon",
        )


def is_heavier(by: By, no: Consent | None) -> bool:
    """Whether a no that comes this way, without a yes to end, says more than the standing `no`."""
    return WEIGHT[by] >= BINDING and (no is None or WEIGHT[by] > WEIGHT[no.by])
