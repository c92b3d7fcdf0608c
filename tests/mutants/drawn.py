"""`make mutants-drawn`: bugs that a tool draws, in a scratch copy; told are those that no test notices.

cosmic-ray knows where an operator, a number or a condition can be changed; which of its mutants are tried is drawn by
a seed. A survivor is a test to be written, or a change that changes nothing: read it. So it fails nobody's build.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutants.areas import AREAS
from tests.mutants.scratch import FAILED, INTERRUPTED, PASSED, in_scratch, origin, run_tests


@dataclass(frozen=True)
class Drawn:
    """One change: the `occurrence`-th place in `file` that the operator finds."""

    file: Path
    operator: str
    occurrence: int

    def text(self) -> str | None:
        """The file with the change; None if it changes nothing but annotations, which nothing evaluates."""
        before = self.file.read_text()
        after: str | None = mutate_code(before, _operator(self.operator), self.occurrence)
        return None if after is None or _meaning(after) == _meaning(before) else after

    def diff(self) -> str:
        before, after = self.file.read_text(), self.text() or ""
        name = str(in_scratch(self.file))
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, self.operator, "", "", 1, "")
        return "\n".join(lines)


def _operator(name: str) -> Any:
    return get_operator(name)()


class _WithoutAnnotations(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _meaning(text: str) -> str:
    try:
        return ast.dump(_WithoutAnnotations().visit(ast.parse(text)))
    except SyntaxError:
        return text


def files(names: Iterable[str]) -> Iterator[Path]:
    """The files of modules, and all below packages."""
    for name in names:
        file = origin(name)
        yield from sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]


def every(file: Path) -> Iterator[Drawn]:
    """All that can be changed in a file."""
    nodes = list(ast_nodes(get_ast(file.read_text())))
    for name in operator_names():
        if get_operator(name).arguments() or name.endswith(("Eq_Is", "Eq_IsNot")):
            continue  # those want to be told names of variables; what is equal is mostly the same
        operator = _operator(name)
        places = sum(1 for node in nodes for _ in operator.mutation_positions(node))
        for occurrence in range(places):
            yield Drawn(file, name, occurrence)


def draw(found: Sequence[Drawn], count: int, seed: int) -> list[Drawn]:
    """So many of them that change something, drawn by the seed."""
    shuffled = random.Random(seed).sample(found, len(found))  # noqa: S311 - to be drawn again, not a secret
    drawn = (each for each in shuffled if each.text() is not None)
    return [each for each, _ in zip(drawn, range(count), strict=False)]


def survives(mutant: Drawn, tests: Sequence[str], seconds: float) -> bool:
    code, said = run_tests(mutant.file, mutant.text() or "", tests, seconds=seconds)
    if code not in (PASSED, FAILED, INTERRUPTED):  # the tests did not run: it proves nothing
        raise RuntimeError(f"{mutant}: {said[-2000:]}")
    return code == PASSED


def survivors(name: str, count: int, seed: int, seconds: float) -> tuple[int, list[Drawn]]:
    """How many were tried in an area, and those that no test noticed."""
    area = AREAS[name]
    found = [mutant for file in files(area.sources) for mutant in every(file)]
    drawn = draw(found, count, seed)
    print(f"{name}: {len(drawn)} drawn of {len(found)} places, seed {seed}", file=sys.stderr, flush=True)
    left = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        verdicts = pool.map(lambda mutant: survives(mutant, area.tests, seconds), drawn)
        for number, (mutant, alive) in enumerate(zip(drawn, verdicts, strict=True), start=1):
            if alive:
                left.append(mutant)
                print(f"{number:4} SURVIVED\n{mutant.diff()}", file=sys.stderr, flush=True)
    return len(drawn), left


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.mutants.drawn", description=__doc__)
    asked.add_argument("areas", nargs="*", default=[*AREAS], choices=[*AREAS], help="all of them if none is named")
    asked.add_argument("--count", type=int, default=30, help="mutants of each area (30)")
    asked.add_argument("--seed", type=int, default=1, help="another seed draws others (1)")
    asked.add_argument(
        "--seconds", type=float, default=300, help="for the tests of one mutant; then it is caught (300)"
    )
    told = asked.parse_args()
    line = {}
    for name in told.areas:
        tried, left = survivors(name, told.count, told.seed, told.seconds)
        line[name] = {"drawn": tried, "survived": len(left)}
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
