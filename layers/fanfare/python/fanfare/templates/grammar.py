"""The allow-list of Jinja's syntax for templates.

Jinja's own sandbox limits neither time nor memory. Here a template can't call, import or assign anything, so limits
on its loops and its output are enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes

NESTING_LIMIT: Final = 100  # levels of the syntax tree
BITS: Final = 256  # of a number that is written in a template

# No Call: nothing can be run. No Assign: nothing can grow by doubling.
GRAMMAR: Final = frozenset(
    {
        "Template", "Output", "TemplateData", "Name", "Const", "List", "Tuple", "Dict", "Pair", "Keyword",
        "Getattr", "Getitem", "Slice", "Filter", "Test", "If", "For", "CondExpr", "Compare", "Operand",
        "And", "Or", "Not", "Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Neg", "Pos", "Concat", "Include",
    }
)  # fmt: skip

FILTERS: Final = frozenset(
    {
        "abs", "capitalize", "count", "d", "date", "datetime", "default", "dictsort", "e", "escape", "first", "float",
        "int", "items", "join", "last", "length", "lower", "max", "min", "money", "number", "percent", "plural",
        "replace", "reverse", "round", "sort", "striptags", "sum", "time", "title", "tojson", "trim", "truncate",
        "unique", "upper", "urlencode", "wordcount",
    }
)  # fmt: skip

# Filters whose result depends on the reader's language, and those that also depend on the time zone
LOCALISED: Final = frozenset({"date", "datetime", "money", "number", "percent", "plural", "time"})
ZONED: Final = frozenset({"date", "datetime", "time"})

TESTS: Final = frozenset(
    {
        "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "ge", "gt", "in", "integer",
        "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sequence", "string",
        "true", "undefined", "upper",
    }
)  # fmt: skip

JINJA_NAMES: Final = frozenset({"self", "caller", "varargs", "kwargs"})  # Jinja's own Python objects

HALF: Final = re.compile("[\ud800-\udfff]")  # Jinja reads \\ud83d in a string like Python; it can't be encoded


def check(node: nodes.Node, *, depth: int = 0, line: int = 1) -> None:
    """Raises TemplateSyntaxError for the first piece of the tree that is not in the grammar."""
    line = node.lineno or line  # nodes of some tags have none
    if refusal := _refusal(node, depth):
        raise TemplateSyntaxError(refusal, line)
    for child in node.iter_child_nodes():
        check(child, depth=depth + 1, line=line)


def instrument(node: nodes.Node, *, line: int = 1) -> None:
    """Rewrites a checked tree to enforce limits while it renders: each step of a loop calls the filter `_step`, `~`
    becomes the filter `_concat`, and what is compared, cut out or used as a key goes through a filter."""
    line = node.lineno or line
    for child in node.iter_child_nodes():
        instrument(child, line=line)
    for field, value in node.iter_fields():
        if isinstance(value, list):
            value[:] = [_replaced(each) for each in value]
        elif isinstance(value, nodes.Node):
            setattr(node, field, _replaced(value))
    if isinstance(node, nodes.For):
        node.body.insert(0, nodes.ExprStmt(_call("_step", nodes.Const("", lineno=line), line), lineno=line))
        node.test = None if node.test is None else _call("_taken", node.test, line)
    for field in _WEIGHED.get(type(node), {}):
        if (value := getattr(node, field)) is not None and not isinstance(value, nodes.Const):
            setattr(node, field, _call(_WEIGHED[type(node)][field], value, line))


# What goes through a filter before it is used
_WEIGHED: Final[Mapping[type[nodes.Node], Mapping[str, str]]] = {
    nodes.Compare: {"expr": "_taken"},
    nodes.Operand: {"expr": "_taken"},
    nodes.Pair: {"key": "_key"},
}


def _replaced(node: Any) -> Any:
    if isinstance(node, nodes.Concat):
        return _call("_concat", nodes.List(node.nodes, lineno=node.lineno), node.lineno)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        return _call("_given", node, node.lineno)
    return node


def _call(name: str, value: Any, line: int) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=line)


def _refusal(node: nodes.Node, depth: int) -> str | None:
    kind = type(node).__name__
    if kind not in GRAMMAR:
        return f"{kind.lower()!r} is not allowed in a template"
    if depth > NESTING_LIMIT:
        return f"nested too deeply; the limit is {NESTING_LIMIT} levels"
    rule = _RULES.get(type(node))
    return rule(node) if rule else None


def _name(node: nodes.Name) -> str | None:
    refused = node.name.startswith("_") or node.name in JINJA_NAMES
    return f"the name {node.name!r} is not allowed in a template" if refused else None


def _const(node: nodes.Const) -> str | None:
    if isinstance(node.value, int) and node.value.bit_length() > BITS:
        return f"a number is too large; the limit is {BITS} bits"
    if not (isinstance(node.value, str) and HALF.search(node.value)):
        return None
    return "an unpaired \\u surrogate escape is not a character; write the character itself"


def _filter(node: nodes.Filter) -> str | None:
    return (
        None if node.name in FILTERS else f"unknown filter {node.name!r}; known filters: {', '.join(sorted(FILTERS))}"
    )


def _test(node: nodes.Test) -> str | None:
    return None if node.name in TESTS else f"unknown test {node.name!r}; known tests: {', '.join(sorted(TESTS))}"


def _include(node: nodes.Include) -> str | None:
    if isinstance(node.template, nodes.Const) and node.with_context and not node.ignore_missing:
        return None
    return 'include a partial by its name: {% include "name" %}'


def _for(node: nodes.For) -> str | None:
    return "recursive loops are not allowed in a template" if node.recursive else None


_RULES: Final[Mapping[type[nodes.Node], Callable[[Any], str | None]]] = {
    nodes.Name: _name,
    nodes.Const: _const,
    nodes.Filter: _filter,
    nodes.Test: _test,
    nodes.Include: _include,
    nodes.For: _for,
}
