"""The life cycle of a message, as data. Conditions, fakes, docs and tests are derived from this table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """The state of a message; `MEANING` explains each."""

    PENDING = "pending"
    ACTIVE = "active"
    STALE = "stale"
    FAILED = "failed"
    SENT = "sent"
    DELETED = "deleted"


MEANING: Final[dict[State, str]] = {
    State.PENDING: "queued for processing, or scheduled",
    State.ACTIVE: "being processed",
    State.STALE: "found lost by the reconciler; being re-sent",
    State.FAILED: "not all recipients were sent; can be redriven",
    State.SENT: "the providers accepted every recipient that was not skipped, or it is in their digest",
    State.DELETED: "cancelled; nothing more is sent",
}

MAY_BECOME: Final[dict[State, frozenset[State]]] = {
    State.PENDING: frozenset({State.ACTIVE, State.STALE, State.FAILED, State.DELETED}),
    State.ACTIVE: frozenset({State.SENT, State.FAILED, State.STALE, State.DELETED}),
    State.STALE: frozenset({State.PENDING, State.ACTIVE, State.SENT, State.FAILED, State.DELETED}),
    State.FAILED: frozenset({State.PENDING, State.DELETED}),
    State.SENT: frozenset({State.DELETED}),  # while it is an item of a digest that is not closed
    State.DELETED: frozenset(),
}

# A failed message is at rest, too, but a redrive can reactivate it.
AT_REST: Final = frozenset({State.SENT, State.FAILED, State.DELETED})


def may_come_from(state: State) -> tuple[State, ...]:
    """States from which a message may move to `state`; used in the conditions of writes."""
    return tuple(origin for origin, targets in MAY_BECOME.items() if state in targets)
