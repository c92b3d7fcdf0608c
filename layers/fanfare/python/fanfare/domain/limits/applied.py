"""Which limits apply to a user on a channel, and what is done with a delivery over each of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Topic
from fanfare.domain.limits.rate_limit import Counter, RateLimit

EVERY_TOPIC: Final = "*"  # name of the counter for all topics together
OWN: Final = "~"  # name of the counter for the user's own ceiling; not allowed as the first sign of a topic's id
DAY: Final = 86_400


class Overflow(StrEnum):
    """What is done with a delivery over the limit."""

    DROP = "drop"
    DEFER = "defer"
    DIGEST = "digest"


@dataclass(frozen=True)
class AppliedLimit:
    """A limit that applies, with the user's counter."""

    name: str
    limit: RateLimit
    overflow: Overflow
    counter: Counter | None


def limits_of(
    user: User, channel: str, topic: Topic | None, overall: Mapping[str, Any] | None, *, is_digest: bool, gathers: bool
) -> list[AppliedLimit]:
    """The topic's limit, the user's own ceiling, and the channel's across all topics. None without a stored user.

    The ceiling is for topics that can be left; digests do not count. Digests are never dropped. Where nothing can be
    gathered (`gathers`), the rest is deferred.
    """
    if user.by_address:
        return []
    named = [(topic.id, topic.limit)] if topic else []
    most = user.at_most(channel)
    if most is not None and topic is not None and not topic.required and not is_digest:
        named.append((OWN, {"count": most, "per_seconds": DAY, "overflow": Overflow.DIGEST}))
    named.append((EVERY_TOPIC, overall))
    return [
        AppliedLimit(
            name=(counter := f"{name}#{channel}"),
            limit=RateLimit(limit["count"], limit["per_seconds"]),
            overflow=_overflow(limit["overflow"], is_digest=is_digest, gathers=gathers),
            counter=user.limits.get(counter),
        )
        for name, limit in named
        if limit is not None
    ]


def _overflow(configured: str, *, is_digest: bool, gathers: bool) -> Overflow:
    overflow = Overflow(configured)
    waits = is_digest or (overflow is Overflow.DIGEST and not gathers)
    return Overflow.DEFER if waits else overflow
