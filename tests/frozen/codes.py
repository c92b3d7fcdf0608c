"""The codes that services and operators know, as `snapshots/codes.json` lists them by hand."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import fanfare

from tests import syntax
from tests.frozen.snapshot import FOLDER

CODES: Mapping[str, Sequence[str]] = json.loads((FOLDER / "codes.json").read_text(encoding="utf-8"))
PACKAGE = Path(fanfare.__file__).parent
FUNCTIONS = Path(__file__).parents[2] / "functions"


def without_figures(reason: str) -> str:
    """The reason with n for each number."""
    return re.sub(r"\d+", "n", reason)


@functools.cache
def texts() -> frozenset[str]:
    """Every text in the code, and every constant part of one; docstrings are texts, too, but no code."""
    return frozenset(text for root in (PACKAGE, FUNCTIONS) for path in root.rglob("*.py") for text in _texts(path))


def _texts(path: Path) -> Iterator[str]:
    for node in syntax.nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
