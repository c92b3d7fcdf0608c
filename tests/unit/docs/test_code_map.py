"""docs/code-map.md names what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests import syntax
from tests.documents import DOCS, ROOT

PACKAGE = "layers/fanfare/python/"
NAMED = sorted(
    set(re.findall(r"`([\w./]*/[\w./]*(?::\w+)?|\w+\.(?:md|py|toml))`", DOCS["docs/code-map.md"].read_text()))
)
MODULES = sorted(set(re.findall(r"python -m ([\w.]+)", DOCS["docs/code-map.md"].read_text())))


def found(named: str) -> Path | None:
    """Where a path of the page is; `fanfare/` is short for the layer's package."""
    for root in (ROOT, ROOT / PACKAGE):
        if (root / named).exists():
            return root / named
    return None


@pytest.mark.parametrize("named", NAMED)
def test_a_path_on_the_code_map_is_there(named: str) -> None:
    path, _, name = named.partition(":")
    file = found(path)
    assert file is not None
    if name:
        defined = {node.name for node in syntax.nodes(file) if isinstance(node, ast.FunctionDef)}
        assert name in defined


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_the_code_map_runs_is_there(module: str) -> None:
    path = module.replace(".", "/")
    assert found(f"{path}.py") or found(f"{path}/__main__.py")


def test_every_folder_with_code_is_on_the_code_map() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"client", "events"}
    assert {f"{name}/" for name in folders} <= set(NAMED)


def test_a_path_that_is_not_there_would_be_found() -> None:
    assert len(NAMED) > 40
    assert found("fanfare/nowhere.py") is None
