"""Measures of the source: how large its files, folders, functions and classes are. Tests are not measured."""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests import syntax

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("layers", "functions", "infra", "local", "deploy", "tools", "testing", "console", "client", "bench")
PACKAGE: Final = "layers/fanfare/python/fanfare/"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """Every Python file that is measured."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def files_of_folders() -> Iterator[tuple[str, int]]:
    """Python files in a folder, without `__init__.py`."""
    counts = Counter(path.parent for path in sources() if path.name != "__init__.py")
    yield from ((name(folder), count) for folder, count in counts.items())


def lines_of_files() -> Iterator[tuple[str, int]]:
    """Lines in a file."""
    yield from ((name(path), len(path.read_text(encoding="utf-8").splitlines())) for path in sources())


def lines_of_functions() -> Iterator[tuple[str, int]]:
    """Lines from `def` to the end, its docstring included."""
    for where, node in functions():
        yield where, (node.end_lineno or node.lineno) - node.lineno + 1


def parameters_of_functions() -> Iterator[tuple[str, int]]:
    """Parameters without `self` and `cls`. Fields of a dataclass are none."""
    for where, node in functions():
        arguments = node.args
        named = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        yield where, len([each for each in named if each not in ("self", "cls")])


def methods_of_classes() -> Iterator[tuple[str, int]]:
    """Functions in the body of a class."""
    for where, node in classes():
        yield where, sum(isinstance(each, Function) for each in node.body)


def complexities() -> Iterator[tuple[str, int]]:
    """McCabe's, of those functions that have more than one way, as ruff counts them."""
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "C901", "--exit-zero"]
    options = ["--config", "lint.mccabe.max-complexity=1", "--output-format", "json"]
    done = subprocess.run(  # noqa: S603 - our own ruff
        [*ruff, *options, *FOLDERS], capture_output=True, text=True, check=True, cwd=ROOT
    )
    for found in json.loads(done.stdout):
        function = found["message"].split("`")[1]
        yield f"{name(Path(found['filename']))}:{function}", int(found["message"].partition("(")[2].split()[0])


def names_of_classes() -> Counter[str]:
    """How often a name is given to a class in the package."""
    return Counter(node.name for where, node in classes() if where.startswith(PACKAGE))


def functions() -> Iterator[tuple[str, Function]]:
    """Every function, by its file and its name within it."""
    yield from ((where, node) for where, node in definitions() if isinstance(node, Function))


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every class, by its file and its name within it."""
    yield from ((where, node) for where, node in definitions() if isinstance(node, ast.ClassDef))


@functools.cache
def definitions() -> tuple[tuple[str, Function | ast.ClassDef], ...]:
    """Every function and class, e.g. `console/app.py:make` and `infra/service.py:Service.__init__`."""
    found = []
    for path in sources():
        tree = syntax.tree(path)
        found += [(f"{name(path)}:{within}", node) for within, node in _defined(tree, "")]
    return tuple(found)


def _defined(parent: ast.AST, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function | ast.ClassDef):
            yield f"{prefix}{node.name}", node
            yield from _defined(node, f"{prefix}{node.name}.")
        else:
            yield from _defined(node, prefix)


def name(path: Path) -> str:
    """As it is written below the root of the repository."""
    return path.resolve().relative_to(ROOT).as_posix()
