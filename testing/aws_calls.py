"""Counts of the functions' AWS calls by function, service and operation, and consumed capacity.

`call_counting/sitecustomize.py` writes the files that this module reads. A line is `dynamodb.Query` for a request
(including retries), `dynamodb.Query 0.5` for the consumed capacity in a response, and
`dynamodb:Query = FANFARE_MESSAGES_TABLE due` for an IAM check, once per process. `! Query: …` is what AWS would refuse
in a request. Calls that AWS makes itself, e.g. Lambda's polling of the queues, are not included.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

COUNTING: Final = Path(__file__).with_name("call_counting")
ROOT: Final = Path(__file__).parents[1]
# CloudFormation's name of a function is <stack>-<logical id>-<random>, truncated if it is too long
GENERATED: Final = re.compile(r"^Fanfare-[a-z0-9-]+-Service-(?P<id>\w+?)(?:Function)?[0-9A-F]{8}-?\w+$")


REFUSED: Final = "! "
ASKED: Final = " = "
# Pattern of a function's environment variable → name of the target in the grants
TARGETS: Final = [
    (re.compile(pattern), target)
    for pattern, target in (
        (r"FANFARE_(\w+)_TABLE ?(\w*)", r"\1.\2"),
        (r"FANFARE_(\w+)_QUEUE_URL", r"\1.queue"),
        (r"FANFARE_(\w+)_DEAD_LETTERS_URL", r"\1.dead_letters"),
        (r"FANFARE_SECRET_ARN", "secret"),
        (r"FANFARE_(\w+)_KEYS_ARN", r"\1_keys"),
        (r"FANFARE_EVENT_BUS_NAME", "events"),
        (r"FANFARE_SENDER", "sender"),
        (r"FANFARE_CONFIGURATION_SET", "configuration_set"),
        (r"FANFARE_PUSH_\w+_APPLICATION_ARN", "push_applications"),
        (r"arn:[\w-]+:sns:[\w-]*:\d+:endpoint/\S+", "push_endpoints"),
        (r"nothing", "phone_numbers"),
    )
]


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

    def environment(self, *, by_the_rules: bool = False) -> dict[str, str]:
        """The environment variables for the emulator that enable the counting, and the rules (`testing.aws_rules`)."""
        rules = {"FANFARE_RULES_IN": str(ROOT)} if by_the_rules else {}
        return {"PYTHONPATH": str(COUNTING), "FANFARE_CALLS_FOLDER": str(self.folder), **rules}

    def reset(self) -> None:
        self._from = {path.name: path.stat().st_size for path in self.folder.iterdir()}

    def totals(self) -> Totals:
        totals = Totals()
        for path in sorted(self.folder.iterdir()):
            function = readable(path.name.split(".")[0])
            for line in path.read_bytes()[self._from.get(path.name, 0) :].decode().splitlines():
                operation, _, units = line.partition(" ")
                if ASKED in line or line.startswith(REFUSED):
                    continue
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


def asked(folder: Path) -> set[tuple[str, str, str]]:
    """The IAM checks since the start: function, action, and target with its name in `infra/grants.py`."""
    return {
        (readable(path.name.split(".")[0]), action, target_of(target))
        for path in folder.iterdir()
        for action, separator, target in (line.partition(ASKED) for line in path.read_text().splitlines())
        if separator and not action.startswith(REFUSED)
    }


def refused(folder: Path) -> list[str]:
    """What AWS would refuse in the requests since the start, by function."""
    return [
        f"{readable(path.name.split('.')[0])} {line.removeprefix(REFUSED)}"
        for path in sorted(folder.iterdir())
        for line in path.read_text().splitlines()
        if line.startswith(REFUSED)
    ]


def target_of(told: str) -> str:
    """`FANFARE_MESSAGES_TABLE due` → `messages.due`; an unknown name is returned unchanged."""
    for pattern, target in TARGETS:
        if found := pattern.fullmatch(told):
            return found.expand(target).lower().rstrip(".")
    return told


def readable(function: str) -> str:
    """A function's logical name, without the parts that CloudFormation adds."""
    found = GENERATED.match(function)
    return found["id"] if found else function
