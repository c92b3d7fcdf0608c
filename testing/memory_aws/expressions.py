"""The expression language of DynamoDB, as much of it as Fanfare writes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

Value = dict[str, Any]  # {"S": "…"}, {"N": "1"}, …
Item = dict[str, Value]

_NAME = r"#?[A-Za-z_][A-Za-z0-9_]*"
_TOKEN = re.compile(rf"\s*(<=|>=|<>|[=<>(),+]|:[A-Za-z_][A-Za-z0-9_]*|{_NAME}(?:\.{_NAME})*)")


class _Reader:
    """Walks over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens = [match.group(1) for match in _TOKEN.finditer(text)]
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"not understood: {text}")
        self.place = 0

    def peek(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if token is None or (expected is not None and token.upper() != expected.upper()):
            raise ValueError(f"expected {expected or 'more'}, found {token}")
        self.place += 1
        return token

    def takes(self, word: str) -> bool:
        token = self.peek()
        if token is not None and token.upper() == word.upper():
            self.place += 1
            return True
        return False


class Scope:
    """An item, with the names and values that an expression uses."""

    __slots__ = ("item", "names", "values")

    def __init__(self, item: Mapping[str, Value] | None, names: Mapping[str, str], values: Mapping[str, Value]) -> None:
        self.item = item or {}
        self.names = names
        self.values = values

    def path(self, token: str) -> list[str]:
        """The names on the way to an attribute, which may lie in a map: `profile.email`."""
        return [self.names[part] if part[0] == "#" else part for part in _parts(token)]

    def operand(self, token: str) -> Value | None:
        if token[0] == ":":
            return self.values[token]
        parts = _parts(token)
        if len(parts) == 1:
            return self.item.get(self.names[token] if token[0] == "#" else token)
        *way, last = self.path(token)
        inside: Mapping[str, Value] | None = self.item
        for name in way:
            inside = inside.get(name, {}).get("M") if inside else None
        return inside.get(last) if inside else None


@lru_cache(maxsize=512)
def _parts(token: str) -> tuple[str, ...]:
    return tuple(token.split("."))


class Unapplicable(Exception):
    """An update does not fit the item that it meets."""


EXISTENCE = {"attribute_exists": True, "attribute_not_exists": False}
ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

Condition = Callable[[Scope], bool]
Term = Callable[[Scope], Value | None]


@lru_cache(maxsize=512)
def condition(text: str) -> Condition:
    """The expression as a function of an item."""
    reader = _Reader(text)
    parsed = _either(reader)
    if reader.peek() is not None:
        raise ValueError(f"not understood: {text}")
    return parsed


def _either(reader: _Reader) -> Condition:
    parts = [_both(reader)]
    while reader.takes("OR"):
        parts.append(_both(reader))
    return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)


def _both(reader: _Reader) -> Condition:
    parts = [_one(reader)]
    while reader.takes("AND"):
        parts.append(_one(reader))
    return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)


def _one(reader: _Reader) -> Condition:
    if reader.takes("("):
        inner = _either(reader)
        reader.take(")")
        return inner
    token = reader.take()
    if token in EXISTENCE:
        reader.take("(")
        path = reader.take()
        reader.take(")")
        exists = EXISTENCE[token]
        return lambda scope: (scope.operand(path) is not None) is exists
    if token in {"begins_with"}:
        reader.take("(")
        path = reader.take()
        reader.take(",")
        prefix = reader.take()
        reader.take(")")
        return lambda scope: str((scope.operand(path) or {}).get("S", "")).startswith(scope.values[prefix]["S"])
    if reader.takes("IN"):
        return _one_of(reader, token)
    if reader.takes("BETWEEN"):
        low = reader.take()
        reader.take("AND")
        high = reader.take()
        return lambda scope: _compared(scope, token, ">=", low) and _compared(scope, token, "<=", high)
    comparison, right = reader.take(), reader.take()
    return lambda scope: _compared(scope, token, comparison, right)


def _one_of(reader: _Reader, left: str) -> Condition:
    reader.take("(")
    options = [reader.take()]
    while reader.takes(","):
        options.append(reader.take())
    reader.take(")")
    return lambda scope: any(_compared(scope, left, "=", option) for option in options)


def _compared(scope: Scope, left: str, comparison: str, right: str) -> bool:
    a, b = scope.operand(left), scope.operand(right)
    if a is None or b is None:
        return comparison == "<>"  # what is not there differs from everything
    if comparison in {"=", "<>"}:
        same = a == b or ("N" in a and "N" in b and Decimal(a["N"]) == Decimal(b["N"]))
        return same is (comparison == "=")
    if a.keys() != b.keys():
        return False
    ((kind, x),), (y,) = a.items(), b.values()
    return bool(ORDERS[comparison](Decimal(x), Decimal(y)) if kind == "N" else ORDERS[comparison](x, y))


Change = Callable[[Scope, Item], None]


@lru_cache(maxsize=512)
def update(text: str) -> Callable[[Scope], Item]:
    """The expression as a function of an item that gives the changed one."""
    reader = _Reader(text)
    changes: list[Change] = []
    while reader.peek() is not None:
        clause = reader.take().upper()
        parse = {"SET": _set, "REMOVE": _remove, "ADD": _add}[clause]
        changes.append(parse(reader))
        while reader.takes(","):
            changes.append(parse(reader))

    def changed(scope: Scope) -> Item:
        item = dict(scope.item)
        for change in changes:
            change(scope, item)
        return item

    return changed


def _set(reader: _Reader) -> Change:
    path = reader.take()
    reader.take("=")
    terms = [_term(reader)]
    while reader.takes("+"):
        terms.append(_term(reader))

    def change(scope: Scope, item: Item) -> None:
        values = [term(scope) for term in terms]
        if len(values) == 1:
            if values[0] is None:
                raise Unapplicable(f"{path} is set to an attribute that is not there")
            _place(item, scope.path(path), values[0])
        else:
            _place(item, scope.path(path), {"N": str(sum(Decimal((value or {})["N"]) for value in values))})

    return change


def _term(reader: _Reader) -> Term:
    token = reader.take()
    if token not in ("if_not_exists", "list_append"):
        return lambda scope: scope.operand(token)
    reader.take("(")
    first = _term(reader)
    reader.take(",")
    second = _term(reader)
    reader.take(")")
    if token in {"if_not_exists"}:
        return lambda scope: first(scope) or second(scope)
    return lambda scope: {"L": [*(first(scope) or {})["L"], *(second(scope) or {})["L"]]}


def _remove(reader: _Reader) -> Change:
    path = reader.take()

    def change(scope: Scope, item: Item) -> None:
        if scope.operand(path) is not None:
            _place(item, scope.path(path), None)

    return change


def _place(item: Item, path: list[str], value: Value | None) -> None:
    """Set an attribute or, with None, remove it. Maps on the way are copied: other items may have them, too."""
    *way, last = path
    for name in way:
        if "M" not in item.get(name, {}):
            raise Unapplicable(f"{name} is no map, so nothing in it can be set")
        item[name] = {"M": dict(item[name]["M"])}
        item = item[name]["M"]
    if value is None:
        item.pop(last, None)
    else:
        item[last] = value


def _add(reader: _Reader) -> Change:
    path, amount = reader.take(), reader.take()

    def change(scope: Scope, item: Item) -> None:
        before = scope.operand(path)
        if "NS" in scope.values[amount]:
            numbers = {*(before or {"NS": ()})["NS"], *scope.values[amount]["NS"]}
            _place(item, scope.path(path), {"NS": sorted(numbers, key=Decimal)})
            return
        number = Decimal((before or {"N": "0"})["N"]) + Decimal(scope.values[amount]["N"])
        _place(item, scope.path(path), {"N": str(number)})

    return change
