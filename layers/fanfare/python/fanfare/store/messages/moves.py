"""The update of a message's item that changes its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fanfare.aws.changes import Change
from fanfare.clock import to_text
from fanfare.domain.lifecycle import may_come_from
from fanfare.domain.message import Transition
from fanfare.store.messages.rows import due_shard, timeline_entry

NO_LONGER_DUE = Change(removes=("due_at", "due_shard"))


def due(message_id: str, at: str) -> Change:
    """Have the reconciler check the message then."""
    return Change(
        sets=("due_at = :due", "due_shard = :due_shard"),
        values={":due": at, ":due_shard": due_shard(message_id)},
    )


def moved_to(message_id: str, transition: Transition, *, now: datetime, due_at: datetime | None = None) -> Change:
    """The change for a transition, if the life cycle allows it. `due_at`: when to check again; None: never."""
    origins = transition.origins
    allowed = [state for state in may_come_from(transition.to) if origins is None or state in origins]
    froms = {f":from{number}": state for number, state in enumerate(allowed)}
    entry = timeline_entry(transition.to, to_text(now), transition.reason)
    values: dict[str, Any] = {":to": transition.to, ":entry": [entry], **froms}
    change = Change(
        sets=(
            "#state = :to",
            "#timeline = list_append(#timeline, :entry)",
            *(f"#{name} = :{name}" for name in transition.sets),
        ),
        removes=tuple(f"#{name}" for name in transition.removes),
        conditions=(f"#state IN ({', '.join(froms)})",),
        values=values | {f":{name}": value for name, value in transition.sets.items()},
        names={"#state": "state", "#timeline": "timeline"}
        | {f"#{name}": name for name in (*transition.sets, *transition.removes)},
    )
    if due_at is not None:
        change += due(message_id, to_text(due_at))
    elif not transition.keeps_due:
        change += NO_LONGER_DUE
    if transition.read_round is None:
        return change
    # not redriven since it was read
    return change + Change(
        conditions=("(#round = :read OR (attribute_not_exists(#round) AND :read = :zero))",),
        values={":read": transition.read_round, ":zero": 0},
        names={"#round": "round"},
    )
