"""One update of one item, put together from parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from fanfare.data_classes import dataclass


@dataclass(frozen=True, kw_only=True)
class Change:
    """Expressions with their values and names. All `conditions` must hold."""

    sets: Sequence[str] = ()
    removes: Sequence[str] = ()
    conditions: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: Change) -> Change:
        return Change(
            sets=(*self.sets, *other.sets),
            removes=(*self.removes, *other.removes),
            conditions=(*self.conditions, *other.conditions),
            values={**self.values, **other.values},
            names={**self.names, **other.names},
        )

    def arguments(self) -> dict[str, Any]:
        """The arguments of an update in addition to its key."""
        clauses = (("SET", self.sets), ("REMOVE", self.removes))
        return {
            "update": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts),
            "condition": " AND ".join(self.conditions) or None,
            "values": self.values,
            "names": self.names,
        }
