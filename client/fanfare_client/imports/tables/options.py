"""How to read a table, if it can't be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class TableOptions:
    """`columns`: column → field. `country`: of phone numbers without a country code."""

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    country: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
