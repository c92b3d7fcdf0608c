"""Data that plainly match a schema are those in which the library finds no error."""

from __future__ import annotations

import re
import time
from itertools import count
from typing import Any, Final

import pytest
from fanfare.errors import Invalid
from fanfare.templates.data_schema import validation
from fanfare.templates.data_schema.matching import matcher
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

NAMES: Final = st.sampled_from(["a", "b", "c"])
NUMBERS: Final = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 1.0, -2.0, 2.5]))
TEXTS: Final = st.text("ab1é", max_size=3)
SIZES: Final = st.one_of(st.integers(0, 3), st.just(2.0))
VALUES: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda values: st.one_of(st.lists(values, max_size=3), st.dictionaries(NAMES, values, max_size=3)),
    max_leaves=8,
)
TYPES: Final = st.sampled_from(["string", "object", "array", "boolean", "null", "number", "integer"])


def _schemas(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    rules = {
        "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=2, unique=True)),
        "enum": st.lists(TEXTS, min_size=1, max_size=3),
        "const": TEXTS,
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), SIZES),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), NUMBERS),
        "pattern": st.sampled_from(["^a", "b$", "1"]),
        "required": st.lists(NAMES, max_size=3, unique=True),
        "properties": st.dictionaries(NAMES, schemas, max_size=3),
        "additionalProperties": st.one_of(st.booleans(), schemas),
        "items": schemas,
        "format": st.just("email"),
        "title": st.just("A"),
    }
    some: st.SearchStrategy[Any] = st.sets(st.sampled_from(sorted(rules)), max_size=4).flatmap(
        lambda names: st.fixed_dictionaries({name: rules[name] for name in sorted(names)})
    )
    return some


SCHEMAS: Final = st.recursive(st.just(True), _schemas, max_leaves=6)


def found(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


@pytest.mark.parametrize(
    ("schema", "matching", "other"),
    [
        ({"type": "number"}, [1, 0.5], [True, "1"]),
        ({"type": "integer"}, [1, 1.0], [True, 0.5]),
        ({"type": ["string", "null"]}, ["", None], [0, []]),
        ({"enum": ["a", "b"]}, ["a"], ["c", 1]),
        ({"const": "a"}, ["a"], ["b", None]),
        ({"minLength": 2}, ["éé", 1], ["é"]),
        ({"maxLength": 1}, ["é", "𝄞", [1, 2]], ["éé"]),
        ({"minItems": 1}, [[1], {}], [[]]),
        ({"maxItems": 1}, [[1], "ab"], [[1, 2]]),
        ({"minProperties": 1}, [{"a": 1}, []], [{}]),
        ({"maxProperties": 1}, [{"a": 1}, "ab"], [{"a": 1, "b": 2}]),
        ({"minimum": 1}, [1, 1.0, "0", False], [0.5]),
        ({"maximum": 1}, [1, "2", [2]], [1.5]),
        ({"exclusiveMinimum": 1}, [1.5], [1]),
        ({"exclusiveMaximum": 1}, [0.5], [1]),
        ({"pattern": "b$"}, ["ab", 1], ["ba"]),
        ({"required": ["a"]}, [{"a": None}, []], [{}, {"b": 1}]),
        ({"properties": {"a": {"type": "string"}}}, [{"a": ""}, {"b": 1}, []], [{"a": 1}]),
        ({"properties": {"a": True}, "additionalProperties": False}, [{"a": 1}, {}, "b"], [{"b": 1}, {"a": 1, "b": 1}]),
        ({"properties": {"a": True}, "additionalProperties": {"minimum": 1}}, [{"a": 0}, {"b": 1}], [{"b": 0}]),
        ({"items": {"required": ["a"]}}, [[{"a": 1}], [], {}], [[{"a": 1}, {}]]),
        ({"format": "email", "minLength": 1}, ["no address"], [""]),
    ],
)
def test_what_matches_and_what_does_not(schema: Any, matching: list[Any], other: list[Any]) -> None:
    rule = matcher(schema, found)
    assert rule is not None
    assert [rule(each) for each in matching + other] == [True] * len(matching) + [False] * len(other)
    library = Draft202012Validator(schema)
    assert [library.is_valid(each) for each in matching + other] == [rule(each) for each in matching + other]


@given(schema=SCHEMAS, data=VALUES)
def test_it_matches_where_the_library_finds_no_error(schema: Any, data: Any) -> None:
    rule = matcher(schema, found)
    assert rule is None or rule(data) == Draft202012Validator(schema).is_valid(data)


@given(schema=SCHEMAS.filter(lambda schema: "False" not in repr(schema)))
def test_every_schema_of_known_keywords_is_known(schema: Any) -> None:
    assert matcher(schema, found) is not None


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"anyOf": [{"type": "string"}]},
        {"items": {"not": {}}},
        {"properties": {"a": {"uniqueItems": True}}},
        {"prefixItems": [{}], "items": {"type": "string"}},
        {"patternProperties": {"a": {}}, "additionalProperties": False},
        {"additionalProperties": {"multipleOf": 2}},
        {"enum": ["a", 1]},  # 1 is 1.0
        {"const": None},
        {"type": "money"},
        {"minLength": "1"},
        {"minimum": True},
        {"required": ["a", 1]},
        {"pattern": 1},
    ],
)
def test_other_schemas_are_the_library_s(schema: Any) -> None:
    assert matcher(schema, found) is None


@pytest.mark.parametrize("length", [20, 3_000])
def test_patterns_have_a_second_together(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    """Few with much work, or many with little."""
    looks = count()
    monkeypatch.setattr(time, "thread_time", lambda: next(looks) / 10)  # the tenth is too late
    schema: Any = {"items": {"pattern": "(?:a{1,200}){3}b$"}}
    work = validation._compiled("(?:a{1,200}){3}b$")[1] * length
    fitting, data = 5 * max(1, validation.WORK_A_LOOK // work), "a" * (length - 1) + "b"
    assert matcher(schema, found) is not None
    assert validation.data_faults(schema, [data] * fitting, pointer="") == []  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="takes too long"):
        validation.data_faults(schema, [data] * fitting * 4, pointer="")  # type: ignore[arg-type]
