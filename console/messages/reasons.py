"""Why recipients of a message failed or were skipped: grouped by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from ..api import A_PAGE, InternalApi

PAGES: Final = 5  # of each status; beyond it the figures are those of a part


@dataclass(frozen=True, kw_only=True)
class Group:
    """Recipients with one status and reason on one channel. `example`: one of them."""

    status: str
    channel: str
    reason: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups, largest first. `partial`: statuses of which only the first recipients were read."""

    groups: list[Group]
    partial: tuple[str, ...]
    read: int = PAGES * A_PAGE


def grouped(api: InternalApi, message_id: str) -> Groups:
    """At most `PAGES` calls for each status, however large the message is."""
    groups: list[Group] = []
    partial = []
    for status in ("failed", "skipped"):
        found, more = _read(api, message_id, status)
        groups += found
        if more:
            partial.append(status)
    return Groups(groups=groups, partial=tuple(partial))


def _read(api: InternalApi, message_id: str, status: str) -> tuple[list[Group], bool]:
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    cursor = None
    for _ in range(PAGES):
        found = api.get("messages", message_id, "deliveries", status=status, limit=A_PAGE, cursor=cursor)
        for item in found["items"]:
            key = (item["channel"], item["reason"] or "")
            counts[key] += 1
            examples.setdefault(key, item["user_id"])
        cursor = found["next_cursor"]
        if cursor is None:
            break
    groups = [
        Group(status=status, channel=channel, reason=reason, count=count, example=examples[channel, reason])
        for (channel, reason), count in counts.most_common()
    ]
    return groups, cursor is not None
