"""Measures the imports of each function before its first event: `make bench-imports`.

Every handler is imported in its own process. The number of modules is the same on every machine. Instructions are exact
and counted by callgrind if valgrind is installed. The most expensive packages come from `-X importtime`, in
milliseconds on this machine, including what they import first.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from bench import results
from local.run import guarded
from tools.paths import CACHE, ROOT
from tools.progress import console, step

FUNCTIONS: Final = ("internal_api", "public_api", "fan_out", "deliver", "reconcile", "record_receipt")
DEAREST: Final = 6

COUNT: Final = """
import json, sys
before = set(sys.modules)
import functions.{name}.handler
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@dataclass(frozen=True)
class Imported:
    """The cost of importing a handler."""

    modules: frozenset[str]

    def brings(self, package: str) -> bool:
        return any(name == package or name.startswith(f"{package}.") for name in self.modules)


def imported(function: str) -> Imported:
    """The modules that a handler imports in a new process."""
    done = _python("-c", COUNT.format(name=function))
    return Imported(frozenset(json.loads(done.stdout)))


def milliseconds(function: str) -> Counter[str]:
    """Milliseconds per package."""
    spent: Counter[str] = Counter()
    for line in _python("-X", "importtime", "-c", f"import functions.{function}.handler").stderr.splitlines():
        found = re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line)
        if found:
            spent[found[2].partition(".")[0]] += int(found[1])
    return Counter({name: round(micros / 1_000) for name, micros in spent.items()})


def instructions(function: str) -> int | None:
    """Instructions of the import without those of the interpreter's start; None without valgrind."""
    if shutil.which("valgrind") is None:
        return None
    imported(function)  # its bytecode is there from now on
    return _instructions(f"import functions.{function}.handler") - _instructions("pass")


@functools.cache
def _instructions(code: str) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out", sys.executable]
        done = subprocess.run(
            [*tool, "-c", code], capture_output=True, text=True, check=True, env=_environment(), cwd=ROOT
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise RuntimeError(f"callgrind failed:\n{done.stderr}")
    return int(found[1])


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=_environment(), cwd=ROOT)


def _environment() -> dict[str, str]:
    """A layer holds bytecode. `make` writes none into the folders of the sources, so it lies in a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"), "PYTHONHASHSEED": "0"}


def measure() -> None:
    """Measure, store and print all functions."""
    found = {}
    for function in FUNCTIONS:
        with step(f"Importing {function}"):
            found[function] = _figures(function)
    results.keep("imports", {"functions": found})
    for function, each in found.items():
        told = f"{each['million_instructions']:,} M instructions" if each["million_instructions"] else "no valgrind"
        dearest = ", ".join(f"{name} {spent}" for name, spent in each["dearest_ms"].items())
        console.print(f"{function:16}{each['modules']:5} modules {told:>22} {each['milliseconds']:5} ms: {dearest}")


def _figures(function: str) -> dict[str, Any]:
    found, spent, took = imported(function), milliseconds(function), instructions(function)
    return {
        "modules": len(found.modules),
        "million_instructions": round(took / 1e6) if took is not None else None,
        "milliseconds": spent.total(),
        "dearest_ms": dict(spent.most_common(DEAREST)),
    }


def main() -> int:
    measure()
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
