"""One list of reasons: the code gives no other, and gives each of them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import fanfare
import pytest
from fanfare.channels.reasons import Reason

from tests import syntax
from tools import reasons_page

PACKAGE = Path(fanfare.__file__).parent
ROOT = Path(__file__).parents[3]
FROZEN = json.loads((ROOT / "tests" / "frozen" / "snapshots" / "codes.json").read_text())
WITH_REASONS = {"SendResult", "AddressRefused", "_Ending"}  # their arguments are reasons, or no texts


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in PACKAGE.rglob("*.py"):
        yield from ((path, node) for node in syntax.nodes(path) if isinstance(node, ast.Call))


def members(node: ast.AST) -> set[str]:
    """The members of Reason that are named in a piece of code."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "Reason"
    }


def test_the_codes_are_those_that_services_know() -> None:
    of_a_message = "n of n recipients failed"  # a text with figures
    assert [reason.value for reason in sorted(Reason)] == [each for each in FROZEN["reasons"] if each != of_a_message]


@pytest.mark.parametrize("cause", FROZEN["causes of suppressions"])
def test_every_cause_of_a_suppression_is_a_reason(cause: str) -> None:
    assert Reason.suppressed(cause) == f"suppressed_{cause}"


def test_every_reason_is_given_somewhere() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "reasons.py"]
    given = set().union(*(members(syntax.tree(path)) for path in files))
    assert {reason.name for reason in Reason if not reason.startswith("suppressed_")} - given == set()


def test_no_reason_is_given_as_a_text() -> None:
    texts = [
        f"{path.name}:{call.lineno}"
        for path, call in calls()
        for given in [
            *(call.args if isinstance(call.func, ast.Name) and call.func.id in WITH_REASONS else ()),
            *(keyword.value for keyword in call.keywords if keyword.arg == "reason"),
        ]
        if isinstance(given, ast.Constant) and given.value
    ]
    assert texts == []


def test_a_reason_is_retryable_if_the_channel_calls_it_temporary_or_throttled() -> None:
    kinds: set[tuple[str, str]] = set()
    for _, call in calls():
        if isinstance(call.func, ast.Name) and call.func.id == "SendResult" and len(call.args) > 1:
            kind, reason = call.args[:2]
            kinds |= {(name, kind.attr) for name in members(reason) if isinstance(kind, ast.Attribute)}
    assert len(kinds) > 30
    again = {"TEMPORARY", "THROTTLED"}
    assert [(name, kind) for name, kind in sorted(kinds) if Reason[name].retryable != (kind in again)] == []


def test_each_reason_says_what_it_means_and_what_to_do() -> None:
    assert [reason.name for reason in Reason if not reason.text or not reason.advice.endswith(".")] == []


def test_the_page_is_up_to_date() -> None:
    assert reasons_page.PAGE.read_text(encoding="utf-8") == reasons_page.page(), "run: python -m tools.reasons_page"
