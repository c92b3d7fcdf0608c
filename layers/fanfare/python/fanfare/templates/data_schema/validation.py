"""JSON Schemas of templates. Authors are not trusted: validation fetches nothing and always ends.

A schema is a small program: a pattern, or definitions that double with each level, could run without end. Patterns
use RE2, which matches in linear time; everything else is stopped after `SECONDS_LIMIT`.
https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, Final

from fanfare.errors import Fault, Invalid
from fanfare.json_pointer import escaped
from fanfare.templates.data_schema.matching import TYPES, Matcher, matcher
from fanfare.templates.filters.budget import TimeLimit
from fanfare.templates.shared_blocks import IdentityKey

SECONDS_LIMIT: Final = 1.0  # of the thread's own CPU time, for the data of a message
SCHEMA_SECONDS_LIMIT: Final = 5.0  # for the schema itself, once per version
PATTERN_WORK_LIMIT: Final = 20_000_000  # size of the compiled pattern times characters of the text: about 0.3 s
FAULTS_LIMIT: Final = 20
DETAIL_LIMIT: Final = 300  # characters: the library repeats the invalid value
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# The library implements these with Python's patterns and without our time limit.
NOT_TAKEN: Final = frozenset({"unevaluatedItems", "unevaluatedProperties"})
# Keywords whose keys are names chosen by the author
NAMED: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "dependentRequired", "$defs"})

Keyword = Callable[[Any, Any, Any, Any], Iterable[Any] | None]

# The clock of a thread is read by a system call: once for this much work, which takes about 10 ms.
WORK_A_LOOK: Final = PATTERN_WORK_LIMIT // 32
KEYWORD_WORK: Final = WORK_A_LOOK // 32


class _TooMuch(Exception):
    """The validation exceeded its limit of work."""


class _Limit(TimeLimit):
    """Of a validation, from its begin on: each keyword and pattern spends its work before it is evaluated."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, look=WORK_A_LOOK)
        self.until = time.thread_time() + seconds

    def late(self) -> Exception:
        return _TooMuch()


_limit: ContextVar[_Limit] = ContextVar("limit")


def schema_faults(schema: Any) -> list[Fault]:
    """Errors of a schema. Raises Invalid if the check takes too long."""
    if found := list(islice(_not_taken(schema, ""), FAULTS_LIMIT)):
        return found
    from jsonschema import FormatChecker  # noqa: PLC0415 - the library is large, and most messages do not need it

    patterns = FormatChecker(formats=())
    patterns.checks("regex", raises=ValueError)(_is_pattern)
    metaschema = _validator_class()(_METASCHEMA, registry=_metaschemas(), format_checker=patterns)
    try:
        with _within(SCHEMA_SECONDS_LIMIT):
            return [
                Fault(f"/schema{_pointer(error)}", "schema_invalid", error.message[:DETAIL_LIMIT])
                for error in islice(metaschema.iter_errors(schema), FAULTS_LIMIT)
            ]
    except _TooMuch as error:
        raise Invalid.field("/schema", "schema_invalid", "Schema takes too long to check. Simplify it.") from error


def data_faults(schema: Mapping[str, Any], data: Mapping[str, Any], *, pointer: str) -> list[Fault]:
    """Errors of `data` against the schema. Raises Invalid if the schema itself can't be evaluated."""
    plainly = _matcher(IdentityKey(schema))
    try:
        with _within(SECONDS_LIMIT):
            return [] if plainly is not None and plainly(data) else _faults(schema, data, pointer)
    except _TooMuch as error:
        raise Invalid.field(
            "/schema", "schema_invalid", "Schema takes too long to validate this data. Simplify it."
        ) from error


def _faults(schema: Mapping[str, Any], data: Mapping[str, Any], pointer: str) -> list[Fault]:
    """The errors by the library."""
    from jsonschema.exceptions import UnknownType  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    validator = _validator(IdentityKey(schema))
    try:
        return [
            Fault(f"{pointer}{_pointer(error)}", f"schema_{error.validator}", error.message[:DETAIL_LIMIT])
            for error in islice(validator.iter_errors(data), FAULTS_LIMIT)
        ]
    except RecursionError as error:
        raise Invalid.field("/schema", "schema_invalid", "Schema refers to itself without end.") from error
    except Unresolvable as error:
        raise Invalid.field(
            "/schema", "schema_invalid", f"Reference {error.ref} does not lead to a place in the schema."
        ) from error
    except (UnknownType, TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        # a $ref may lead to a value that is not a schema
        raise Invalid.field(
            "/schema", "schema_invalid", "A reference leads to a value that is not a schema."
        ) from error


def _not_taken(schema: Any, at: str, *, named: bool = False) -> Iterator[Fault]:
    """Faults for unsupported keywords, and for a `$schema` that is another dialect or not at the root."""
    for name, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        here = f"{at}/{escaped(name)}"
        if name in NOT_TAKEN and not named:
            yield Fault(f"/schema{here}", "schema_invalid", "Unsupported keyword. Use additionalProperties or items.")
        if name == "$schema" and isinstance(value, str) and (at or value.removesuffix("#") != DIALECT):
            yield Fault(
                f"/schema{here}", "schema_invalid", f"Unsupported $schema. It must be {DIALECT}, at the root only."
            )
        if isinstance(value, dict | list):
            yield from _not_taken(value, here, named=name in NAMED and not named)


def _without_dialect(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without `$schema`: the library would choose its own validator by it, which has no limits."""
    return {name: value for name, value in schema.items() if name != "$schema"}


_METASCHEMA: Final = {"$ref": DIALECT}


@functools.cache
def _metaschemas() -> Any:
    from jsonschema_specifications import REGISTRY  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    dialect = [uri for uri in REGISTRY if uri.startswith(DIALECT.removesuffix("schema"))]
    parts = [(uri, _without_dialect(REGISTRY.contents(uri))) for uri in dialect]
    return Registry().with_contents(parts, default_specification=DRAFT202012)


@functools.cache
def _validator_class() -> Any:
    """The library's validator with a time limit in every keyword and seven keywords replaced."""
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415

    keywords = (
        dict(Draft202012Validator.VALIDATORS)
        | {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            "uniqueItems": _unique_items,
            "multipleOf": _multiple_of,
        }
        | dict.fromkeys(NOT_TAKEN, _refused)
    )
    extend: Any = validators.extend  # untyped
    found = extend(Draft202012Validator, {name: _in_time(each) for name, each in keywords.items()})
    found.descend = _descender(found.descend)
    found.is_type = _is_type
    return found


def _descender(usual: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """The library's way into a part of the schema, without a new validator for it: that takes half of the time.

    A part without `$id` has the references of the whole, and no keyword looks at the validator's own schema.
    """

    def descend(
        self: Any, instance: Any, schema: Any, path: Any = None, schema_path: Any = None, resolver: Any = None
    ) -> Iterator[Any]:
        if resolver is not None or not isinstance(schema, dict) or "$id" in schema:
            yield from usual(self, instance, schema, path, schema_path, resolver)
            return
        for name, value in schema.items():
            keyword = self.VALIDATORS.get(name)
            for error in keyword(self, value, instance, schema) if keyword else ():
                error._set(validator=name)
                if path is not None:
                    error.path.appendleft(path)
                yield error

    return descend


@functools.lru_cache(maxsize=64)
def _validator(schema: IdentityKey) -> Any:
    """The validator of a template version's schema, which is never changed in place."""
    from referencing import Registry  # noqa: PLC0415

    # an empty registry: an external $ref is rejected, not fetched
    return _validator_class()(_without_dialect(schema.data), registry=Registry())


@functools.lru_cache(maxsize=64)
def _matcher(schema: IdentityKey) -> Matcher | None:
    return matcher(_without_dialect(schema.data), _found)


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    token = _limit.set(_Limit(seconds))
    try:
        yield
    finally:
        _limit.reset(token)


def _in_time(keyword: Keyword) -> Keyword:
    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[Any]:
        _limit.get().spend(KEYWORD_WORK)
        return keyword(validator, value, instance, schema) or ()

    return checked


def _is_type(_: Any, instance: Any, kind: str) -> bool:
    """Without the library's look-up of a type, which takes five times as long. Raises LookupError."""
    return TYPES[kind](instance)


def _multiple_of(validator: Any, divisor: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """By the decimal digits of both: in binary floating point 19.99 is no multiple of 0.01."""
    from fractions import Fraction  # noqa: PLC0415

    from jsonschema import ValidationError  # noqa: PLC0415

    if validator.is_type(instance, "number") and (Fraction(repr(instance)) / Fraction(repr(divisor))).denominator != 1:
        yield ValidationError(f"{instance!r} is not a multiple of {divisor!r}")


# Patterns


def _is_pattern(text: object) -> bool:
    if isinstance(text, str):
        _compiled(text)
    return True


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[Any, int]:
    """The pattern, and the number of its instructions. Raises ValueError."""
    import re2  # noqa: PLC0415 - a C++ library, and few schemas have a pattern

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError("not a valid RE2 pattern") from error
    return compiled, compiled.programsize


def _found(pattern: str, text: str) -> bool:
    compiled, size = _compiled(pattern)
    work = size * len(text)
    if work > PATTERN_WORK_LIMIT:
        raise _TooMuch
    _limit.get().spend(work)
    return compiled.search(text) is not None


def _error(message: str) -> Any:
    from jsonschema import ValidationError  # noqa: PLC0415

    return ValidationError(message)


def _refused(*_: Any) -> Iterable[Any]:
    """A $ref can turn a name into a keyword."""
    raise ValueError("unsupported keyword")


def _pattern(_: Any, pattern: Any, instance: Any, __: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield _error(f"{instance[:100]!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, schema in patterns.items():
        for name, value in instance.items():
            if _found(pattern, name):
                yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, further: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    more = [name for name in instance if name not in known and not any(_found(each, name) for each in patterns)]
    if further is False and more:
        yield _error(f"Unknown properties: {', '.join(map(repr, more[:FAULTS_LIMIT]))}.")
        return
    for name in more:
        yield from validator.descend(instance[name], further, path=name)


# Items


def _unique_items(_: Any, wanted: Any, instance: Any, __: Any) -> Iterator[Any]:
    if wanted and isinstance(instance, list) and len({_spelled(each) for each in instance}) < len(instance):
        yield _error("Items must be unique.")


def _spelled(value: Any) -> str:
    """The same text for values that JSON Schema treats as equal, e.g. 1 and 1.0."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _pointer(error: Any) -> str:
    return "".join(f"/{escaped(step)}" for step in error.absolute_path)
