"""What the functions asked of AWS: calls by function, service and operation, and consumed capacity.

`counting/sitecustomize.py` writes, this reads. A line is `dynamodb.Query` for a request that went out, retries
included, and `dynamodb.Query 0.5` for the capacity that an answer tells. Calls that AWS makes for us, such as
Lambda's polling of the queues, are not among them.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

COUNTING: Final = Path(__file__).with_name("counting")
# CloudFormation's name of a function is <stack>-<logical id>-<random>, cut where the whole would be too long
GENERATED: Final = re.compile(r"^Fanfare-[a-z0-9-]+-Service-(?P<id>\w+?)(?:Function)?[0-9A-F]{8}-?\w+$")


@dataclass
class Totals:
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    capacity: Counter[tuple[str, str]] = field(default_factory=Counter)


class AwsCalls:
    """The calls since the last reset."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.close()
        folder.mkdir(parents=True)
        self._from: dict[str, int] = {}

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """What the emulator's environment needs, so that its functions are counted."""
        return {"PYTHONPATH": str(COUNTING), "FANFARE_CALLS_FOLDER": str(self.folder)}

    def reset(self) -> None:
        self._from = {path.name: path.stat().st_size for path in self.folder.iterdir()}

    def totals(self) -> Totals:
        totals = Totals()
        for path in sorted(self.folder.iterdir()):
            function = readable(path.name.split(".")[0])
            for line in path.read_bytes()[self._from.get(path.name, 0) :].decode().splitlines():
                operation, _, units = line.partition(" ")
                if units:
                    totals.capacity[function, operation] += float(units)  # type: ignore[assignment]
                else:
                    totals.calls[function, operation] += 1
        return totals

    def as_json(self) -> dict[str, Any]:
        totals = self.totals()
        functions: dict[str, dict[str, Any]] = {}
        for (function, operation), calls in sorted(totals.calls.items()):
            functions.setdefault(function, {})[operation] = {
                "calls": calls,
                "capacity_units": totals.capacity.get((function, operation), 0),
            }
        return {"total": totals.calls.total(), "functions": functions}


def readable(function: str) -> str:
    """A function's logical name, without what CloudFormation put around it."""
    found = GENERATED.match(function)
    return found["id"] if found else function
