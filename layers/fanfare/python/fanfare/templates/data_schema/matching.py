"""Data that plainly match a schema.

Most data match. Then the library, which can name every error, takes ten times as long as this, which can only say that
there is none. It knows the keywords that most schemas have; where it does not know, the library decides.

Without references and combinations of schemas, the work is bounded by the size of the data, except for patterns, whose
work `found` has to bound.
https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import Any, Final

Matcher = Callable[[Any], bool]
Found = Callable[[str, str], bool]  # whether a pattern is found in a text

TYPES: Final[Mapping[str, Matcher]] = {
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
}
# They never make data invalid. `format` is among them: https://json-schema.org/draft/2020-12/json-schema-validation#section-7.2.1
ANNOTATIONS: Final = frozenset({"$comment", "default", "deprecated", "description", "examples", "format", "title"})


def matcher(schema: Any, found: Found) -> Matcher | None:
    """Whether data match the schema; None if it has a keyword that is not known here.

    False means that the library must decide. `found` may raise, to stop what takes too long.
    """
    if schema is True:
        return _anything
    if not isinstance(schema, dict):
        return None
    rules = []
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS:
            continue
        rule = _RULES[keyword](value, schema, found) if keyword in _RULES else None
        if rule is None:
            return None
        rules.append(rule)
    return rules[0] if len(rules) == 1 else _all(rules)


def _anything(_: Any) -> bool:
    return True


def _all(rules: list[Matcher]) -> Matcher:
    def matches(value: Any) -> bool:
        for rule in rules:  # noqa: SIM110 - `all` takes twice as long
            if not rule(value):
                return False
        return True

    return matches


def _type(named: Any, _schema: Any, _found: Found) -> Matcher | None:
    names = named if isinstance(named, list) else [named]
    if not all(isinstance(name, str) and name in TYPES for name in names):
        return None
    tests = [TYPES[name] for name in names]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _texts(values: Any, _schema: Any, _found: Found) -> Matcher | None:
    """Of an `enum`. Only texts: 1 equals 1.0, but not true."""
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        return None
    known = frozenset(values)
    return lambda value: isinstance(value, str) and value in known


def _const(value: Any, schema: Any, found: Found) -> Matcher | None:
    return _texts([value], schema, found)


def _size(kind: type[Sized], fits: Callable[[int, Any], bool]) -> Callable[..., Matcher | None]:
    def rule(bound: Any, _schema: Any, _found: Found) -> Matcher | None:
        if not TYPES["integer"](bound):
            return None
        return lambda value: not isinstance(value, kind) or fits(len(value), bound)

    return rule


def _number(fits: Callable[[Any, Any], bool]) -> Callable[..., Matcher | None]:
    def rule(bound: Any, _schema: Any, _found: Found) -> Matcher | None:
        is_number = TYPES["number"]
        return (lambda value: not is_number(value) or fits(value, bound)) if is_number(bound) else None

    return rule


def _pattern(pattern: Any, _schema: Any, found: Found) -> Matcher | None:
    return (lambda value: not isinstance(value, str) or found(pattern, value)) if isinstance(pattern, str) else None


def _required(names: Any, _schema: Any, _found: Found) -> Matcher | None:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    wanted = frozenset(names)

    def has_all(value: Any) -> bool:
        return not isinstance(value, dict) or (len(wanted) <= len(value) and wanted <= value.keys())

    return has_all


def _properties(given: Any, _schema: Any, found: Found) -> Matcher | None:
    known = _each(given, found)
    if known is None:
        return None

    def match(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, each in value.items():
            rule = known.get(name)
            if rule is not None and not rule(each):
                return False
        return True

    return match


def _additional(given: Any, schema: Any, found: Found) -> Matcher | None:
    known = schema.get("properties", {})
    if not isinstance(known, dict):
        return None
    if given is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= known.keys()
    rule = matcher(given, found)
    if rule is None:
        return None

    def match(value: Any) -> bool:
        return not isinstance(value, dict) or all(rule(each) for name, each in value.items() if name not in known)

    return match


def _items(given: Any, _schema: Any, found: Found) -> Matcher | None:
    rule = matcher(given, found)
    if rule is None:
        return None
    return lambda value: not isinstance(value, list) or all(map(rule, value))


def _each(schemas: Any, found: Found) -> dict[str, Matcher] | None:
    if not isinstance(schemas, dict):
        return None
    rules = {}
    for name, schema in schemas.items():
        rule = matcher(schema, found)
        if rule is None:
            return None
        rules[name] = rule
    return rules


_RULES: Final[Mapping[str, Callable[[Any, Any, Found], Matcher | None]]] = {
    "type": _type,
    "enum": _texts,
    "const": _const,
    "minLength": _size(str, lambda length, bound: length >= bound),
    "maxLength": _size(str, lambda length, bound: length <= bound),
    "minItems": _size(list, lambda length, bound: length >= bound),
    "maxItems": _size(list, lambda length, bound: length <= bound),
    "minProperties": _size(dict, lambda length, bound: length >= bound),
    "maxProperties": _size(dict, lambda length, bound: length <= bound),
    "minimum": _number(lambda value, bound: value >= bound),
    "maximum": _number(lambda value, bound: value <= bound),
    "exclusiveMinimum": _number(lambda value, bound: value > bound),
    "exclusiveMaximum": _number(lambda value, bound: value < bound),
    "pattern": _pattern,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
}
