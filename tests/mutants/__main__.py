"""`make mutants`: plant each bug in a copy of the domain and the functions; the tests have to catch it.

Ends with one line of JSON. With words as arguments, only those whose names have one of them.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.mutants.planted import MODULES, MUTANTS, Mutant
from tests.mutants.scratch import FAILED, PASSED, origin, run_tests

CAUGHT, MISSED, UNKNOWN = "caught", "MISSED", "UNKNOWN"
VERDICTS = {PASSED: MISSED, FAILED: CAUGHT}
TIMEOUT = 300  # seconds: a bug that makes the tests run on is caught too


def file_of(mutant: Mutant) -> Path:
    """The file that the bug is planted in."""
    return origin(MODULES[mutant.place.partition(":")[0]])


def planted(source: str, mutant: Mutant) -> str:
    """The file with the bug in it. Raises ValueError if the good line is not there, or is there twice."""
    name = mutant.place.partition(":")[2]
    first, last = lines_of(source, name)
    lines = source.splitlines(keepends=True)
    within = "".join(lines[first:last])
    if within.count(mutant.old) != 1:
        raise ValueError(f"{mutant.place} has {within.count(mutant.old)} of {mutant.old!r}; a mutant needs exactly one")
    return "".join([*lines[:first], within.replace(mutant.old, mutant.new), *lines[last:]])


def lines_of(source: str, name: str) -> tuple[int, int]:
    """From which line to which line a function, a method or a constant goes."""
    body: list[ast.stmt] = ast.parse(source).body
    for part in name.split("."):
        found = [statement for statement in body if part in _names(statement)]
        if len(found) != 1:
            raise ValueError(f"there are {len(found)} definitions of {name}; a mutant needs exactly one")
        (statement,) = found
        body = statement.body if isinstance(statement, ast.ClassDef) else []
    return statement.lineno - 1, statement.end_lineno or statement.lineno


def _names(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def verdict(mutant: Mutant) -> tuple[str, str]:
    """CAUGHT, MISSED, or UNKNOWN if the tests could not be run with the bug in place; and what they said."""
    file = file_of(mutant)
    code, said = run_tests(file, planted(file.read_text(), mutant), mutant.tests, seconds=TIMEOUT)
    return VERDICTS.get(code, UNKNOWN), said


def main() -> int:
    words = sys.argv[1:]
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    if not chosen:
        print(f"no mutant has any of these words in its name: {', '.join(words)}", file=sys.stderr)
        return 2
    found: Counter[str] = Counter()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = {pool.submit(verdict, mutant): mutant for mutant in chosen}
        for number, done in enumerate(as_completed(running), start=1):
            said, output = done.result()
            found[said] += 1
            print(f"{number:3} {said}  {running[done].name}", file=sys.stderr, flush=True)
            if said == UNKNOWN:
                print(output[-2_000:], file=sys.stderr, flush=True)
    print(json.dumps({"planted": len(chosen), "caught": found[CAUGHT]}))
    return 0 if found[CAUGHT] == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
