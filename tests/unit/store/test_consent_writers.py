"""Whoever writes a yes or a no is listed here with the way that its consent names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import fanfare

from tests import syntax

PACKAGE: Final = Path(fanfare.__file__).parent
# The rows of subscriptions are written in these modules alone
ROWS: Final = {"store/audience/subscriptions/rows.py", "store/audience/subscriptions/consents.py"}
PARTS: Final = {"write_yes", "end_yes", "write_no", "write_frequency"}
WRITERS_OF_ROWS: Final = {
    "store/audience/subscriptions/answers.py:Answers._refuse",
    "store/audience/subscriptions/answers.py:Answers._refuse_together",
    "store/audience/subscriptions/answers.py:Answers._with_frequency",
    "store/audience/subscriptions/answers.py:Answers._yeses",
    "store/audience/subscriptions/answers.py:Answers.drop",
    "store/audience/subscriptions/ended_topics.py:EndedTopics._end_together",
    "store/audience/subscriptions/rows.py:end_yes",
}
# Calls of the store → by which way
CHANGES: Final = {"add", "add_many", "refuse_many", "remove", "end", "drop"}
WRITERS: Final = {
    "management/subscriptions.py:ManageSubscriptions.give": "service, import, or person through self_service",
    "management/subscriptions.py:ManageSubscriptions.put_many": "as told by the service",
    "management/subscriptions.py:ManageSubscriptions.remove": "service",
    "management/topics.py:ManageTopics._end": "service",
    "pipeline/refusals.py:stop": "stop",
    "self_service/confirm.py:Confirm._subscribe": "confirmation",
    "self_service/my_subscriptions.py:MySubscriptions.unsubscribe": "person",
    "self_service/preferences/account.py:MyPreferences.put": "person",
    "self_service/preferences/page.py:ChoosePreferences.change": "page",
    "self_service/unsubscribe.py:UndoUnsubscribe._subscribe": "page",
    "self_service/unsubscribe.py:Unsubscribe.run": "one_click",
    "store/audience/__init__.py:Audience.erase": "none: the person is erased",
    "store/audience/subscriptions/answers.py:Answers._add_together": "as told",
    "store/audience/subscriptions/ended_topics.py:EndedTopics._end_together": "service",
}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of the package by its file and name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for node in syntax.tree(path).body:
            if isinstance(node, ast.FunctionDef):
                yield f"{name}:{node.name}", node
            elif isinstance(node, ast.ClassDef):
                yield from (
                    (f"{name}:{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef)
                )


def calls(function: ast.FunctionDef) -> Iterator[str]:
    """What it calls, as it is written."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_rows_are_written_by_these_functions_alone() -> None:
    found = {where for where, function in functions() if PARTS & set(calls(function))}
    assert found == WRITERS_OF_ROWS


def test_every_writer_of_an_answer_is_listed() -> None:
    found = set()
    for where, function in functions():
        for call in calls(function):
            owner, _, name = call.rpartition(".")
            of_store = owner.endswith(("subscriptions", "ended_topics")) and "suppressions" not in owner
            of_itself = (
                owner == "self"
                and where.startswith("store/audience/subscriptions/answers.py")
                and name in ("add", "remove")
            )
            if name in CHANGES and (of_store or of_itself):
                found.add(where)
    assert found == set(WRITERS)


def test_no_other_module_names_the_rows() -> None:
    prefixes = ('"subscription#', 'f"subscription#', '"consents#', 'f"topic#')
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(prefix in path.read_text(encoding="utf-8") for prefix in prefixes)
    }
    assert found == ROWS | {"store/audience/subscriptions/store.py"}
