"""The listed codes are those of the code."""

from __future__ import annotations

import ast
import itertools

import pytest

from tests import syntax
from tests.frozen.codes import CODES, PACKAGE, texts

# Put together in the code from these parts.
PARTS = {
    "n of n recipients failed": (" recipients failed",),
    **{metric: (f"{metric.partition('_')[0]}_",) for metric in CODES["metrics"] if metric.startswith("deliveries_")},
    **{f"receipts_{receipt}": ("receipts_", receipt) for receipt in CODES["receipts"]},
}


@pytest.mark.parametrize("kind", CODES)
def test_each_listed_code_is_in_the_code(kind: str) -> None:
    known = texts()
    assert [code for code in CODES[kind] if not known.issuperset(PARTS.get(code, (code,)))] == []


@pytest.mark.parametrize("kind", CODES)
def test_codes_are_listed_once_in_their_order(kind: str) -> None:
    assert list(CODES[kind]) == sorted(set(CODES[kind]))


def test_each_code_given_by_its_name_is_listed() -> None:
    """`code="…"`, `reason="…"`: what is given in another way is found by its occurrence in a run alone."""
    nodes = itertools.chain.from_iterable(syntax.nodes(path) for path in PACKAGE.rglob("*.py"))
    given = {
        (keyword.arg, keyword.value.value)
        for node in nodes
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("code", "reason") and isinstance(keyword.value, ast.Constant) and keyword.value.value
    }
    listed = {"code": CODES["problems"], "reason": CODES["reasons"]}
    assert {(name, code) for name, code in given if code not in listed[str(name)]} == set()
