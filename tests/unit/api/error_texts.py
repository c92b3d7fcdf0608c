"""Collects every text of an error that the API can return, from the code: `python -m tests.unit.api.error_texts`."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fanfare.errors import FanfareError

from tests import syntax

ROOT: Final = Path(__file__).parents[3]
PACKAGE: Final = ROOT / "layers/fanfare/python/fanfare"
TABLE: Final = Path(__file__).with_suffix(".md")
HEAD: Final = """\
# Texts of errors in the API

Written by `python -m tests.unit.api.error_texts`. Codes never change, texts may. `{…}` is filled in.
A text without a capital and a full stop is the end of a template error: `line 2, column 5: html: unknown filter 'x'`.

| error | code | text | in |
|---|---|---|---|
"""
# The first text of one of these calls is shown to a caller.
TEMPLATES: Final = ("TemplateError", "TemplateSyntaxError", "SecurityError", "Exceeded")
CALLS: Final = ("Fault", "validation_error", "pattern", "_error", *TEMPLATES)
# Functions that return texts
RETURNS: Final = {"schemas/errors.py": ("code_and_detail",), "templates/grammar.py": ("_",)}
CODE: Final = re.compile("[a-z]+(_[a-z]+)*")

Row = tuple[str, str, str, str]


@functools.cache
def rows() -> tuple[Row, ...]:
    """(error, code, text, file), in the order of the table."""
    found = {row for path in sorted(PACKAGE.rglob("*.py")) for row in _of_file(path)}
    return tuple(sorted(found, key=lambda row: (row[3], row[0], row[1], row[2])))


def table() -> str:
    return HEAD + "".join(f"| {' | '.join(each.replace('|', '¦') for each in row)} |\n" for row in rows())


def _of_file(path: Path) -> Iterator[Row]:
    name = path.relative_to(PACKAGE).as_posix()
    module = syntax.tree(path)
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    inside = {node: [function, module] for function in functions for node in ast.walk(function)}
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (error := _error_of(node)):
            yield from _of_call(node, error, inside.get(node, [module]), name)
    for function in functions:
        if function.name.startswith(RETURNS.get(name, ("\0",))):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from (("return", "", text, name) for text in _texts(node.value, [function, module]))


def _error_of(call: ast.Call) -> str | None:
    """The name of the error that a call creates."""
    called = ast.unparse(call.func)
    return called if called.removesuffix(".field") in _known() or called in CALLS else None


@functools.cache
def _known() -> frozenset[str]:
    # a subclass is known once its module is imported, whatever tests ran before
    importlib.import_module("fanfare.self_service.unsubscribe")
    return frozenset(each.__name__ for each in _subclasses(FanfareError))


def _subclasses(error: type[FanfareError]) -> Iterator[type[FanfareError]]:
    yield error
    for each in error.__subclasses__():
        yield from _subclasses(each)


def _of_call(call: ast.Call, error: str, scopes: list[ast.AST], name: str) -> Iterator[Row]:
    values = [*call.args, *(each.value for each in call.keywords if each.arg != "errors")]
    constants = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    code = next((each for each in constants if CODE.fullmatch(each) and not each.startswith("/")), "")
    for value in values:
        yield from ((error, code, text, name) for text in _texts(value, scopes))


def _texts(node: ast.expr, scopes: list[ast.AST]) -> Iterator[str]:
    """The texts that an expression may be: those with a space in them."""
    match node:
        case ast.Constant(value=str(text)) if " " in text:
            yield text
        case ast.JoinedStr():
            text = ast.unparse(node)[2:-1]
            if " " in text:
                yield text.replace("{{", "{").replace("}}", "}")
        case ast.IfExp():
            yield from _texts(node.body, scopes)
            yield from _texts(node.orelse, scopes)
        case ast.BinOp():
            yield from _texts(node.left, scopes)
            yield from _texts(node.right, scopes)
        case ast.Tuple():
            for each in node.elts:
                yield from _texts(each, scopes)
        case ast.Name(id=name):
            for assigned in _assigned(name, scopes):
                yield from _texts(assigned, [])


def _assigned(name: str, scopes: list[ast.AST]) -> Iterator[ast.expr]:
    for scope in scopes:
        for node in ast.walk(scope):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                yield node.value
        if isinstance(scope, ast.FunctionDef) and any(each.arg == name for each in scope.args.args):
            return


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
