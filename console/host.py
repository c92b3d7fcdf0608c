"""What the program that serves the console gives it, in addition to calls of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Protocol

from flask import Blueprint

# From CloudWatch: beginning, end, seconds of a bucket → metric → beginning of a bucket → sum; empty if not readable
Metrics = Callable[[datetime, datetime, int], Mapping[str, Mapping[datetime, float]]]
Progress = Callable[[str, int, int | None], None]  # phase, done, total


class CanNotImport(Exception):
    """The file is not readable, or the API refused a call. The text is for people."""


class ImportFile(Protocol):
    """Compares a file with what is stored; with `apply`, imports it. Returns the importer's summary.

    Raises CanNotImport.
    """

    def __call__(self, file: Path, *, topics: Sequence[str], apply: bool, progress: Progress) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Host:
    """`zone`: of the times that are shown, None: that of this machine. `more`: blueprints by name in the navigation."""

    zone: tzinfo | None = None
    metrics: Metrics | None = None
    import_file: ImportFile | None = None
    more: Mapping[str, Blueprint] = field(default_factory=dict)
