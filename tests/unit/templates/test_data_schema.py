"""The errors of data are those of the library itself, at the same places and in the same order."""

from __future__ import annotations

from typing import Any, Final

import pytest
from fanfare.json_pointer import escaped
from fanfare.templates.data_schema.validation import data_faults
from jsonschema import Draft202012Validator

ADDRESS: Final = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string", "minLength": 2}}}
# Schema, and data that break it. https://json-schema.org/draft/2020-12/json-schema-core#section-10
CASES: Final[list[tuple[dict[str, Any], Any]]] = [
    ({"type": "object", "properties": {"a": {"type": "string"}, "b": False, "c": True}}, {"a": 1, "b": 2, "c": 3}),
    ({"properties": {"rows": {"items": {"properties": {"n": {"minimum": 3}}}}}}, {"rows": [{"n": 1}, {}, {"n": 2}]}),
    ({"properties": {"to": {"$ref": "#/$defs/address"}}, "$defs": {"address": ADDRESS}}, {"to": {"city": "x"}}),
    ({"properties": {"to": {"$ref": "#there"}}, "$defs": {"a": {**ADDRESS, "$anchor": "there"}}}, {"to": {}}),
    (
        {
            "properties": {"tree": {"$ref": "#/$defs/t"}},
            "$defs": {"t": {"items": {"$ref": "#/$defs/t"}, "maxItems": 1}},
        },
        {"tree": [[[], []], []]},
    ),
    (  # a part with an id of its own has references of its own
        {
            "$id": "https://example.com/whole",
            "properties": {"a": {"$id": "part", "$ref": "#/$defs/n", "$defs": {"n": {"maximum": 1}}}},
            "$defs": {"n": {"maximum": 100}},
        },
        {"a": 50},
    ),
    (  # and what is below it, too
        {
            "$id": "https://example.com/whole",
            "properties": {
                "a": {"$id": "part", "properties": {"b": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"maximum": 1}}}
            },
            "$defs": {"n": {"maximum": 100}},
        },
        {"a": {"b": 50}},
    ),
    (
        {"$dynamicAnchor": "node", "properties": {"v": {"type": "integer"}, "next": {"$dynamicRef": "#node"}}},
        {"v": 1, "next": {"v": "x", "next": {"v": "y"}}},
    ),
    ({"properties": {"a": {"allOf": [{"minimum": 5}, {"multipleOf": 2}]}}}, {"a": 3}),
    ({"properties": {"a": {"anyOf": [{"type": "string"}, {"minimum": 5}]}}}, {"a": 3}),
    ({"properties": {"a": {"oneOf": [{"type": "integer"}, {"minimum": 3}]}}}, {"a": 3}),
    ({"properties": {"a": {"not": {"required": ["x"]}}}}, {"a": {"x": 1}}),
    ({"properties": {"a": {"if": {"minimum": 5}, "then": {"maximum": 9}, "else": {"maximum": 2}}}}, {"a": 12}),
    ({"properties": {"a": {"if": {"minimum": 5}, "then": {"maximum": 9}, "else": {"maximum": 2}}}}, {"a": 4}),
    (
        {"properties": {"a": {"prefixItems": [{"type": "string"}, {"type": "null"}], "items": {"const": 1}}}},
        {"a": [1, 2, 3, 1]},
    ),
    ({"properties": {"a": {"contains": {"const": 1}, "minContains": 2}}}, {"a": [1, 2]}),
    ({"properties": {"a": {"propertyNames": {"maxLength": 2}}}}, {"a": {"long": 1, "ok": 2, "a/~b": 3}}),
    ({"properties": {"a": {"dependentSchemas": {"x": {"required": ["y"]}}}}}, {"a": {"x": 1}}),
    ({"properties": {"a": {"dependentRequired": {"x": ["y"]}}}}, {"a": {"x": 1}}),
    ({"properties": {"a": {"enum": [1, "b"]}, "b": {"const": {"c": 1}}}}, {"a": True, "b": {"c": 2}}),
    ({"properties": {"a": {"unknown": 1, "title": "A", "type": ["string", "null"]}}}, {"a": 1}),
    ({"properties": {"a/b": {"properties": {"~c": {"type": "string"}}}}}, {"a/b": {"~c": 1}}),
    ({"additionalProperties": {"type": "string"}, "properties": {"a": {}}}, {"a": 1, "b": 2}),
]


@pytest.mark.parametrize(("schema", "data"), CASES)
def test_errors_are_those_of_the_library(schema: dict[str, Any], data: Any) -> None:
    theirs = [
        ("".join(f"/{escaped(step)}" for step in error.absolute_path), f"schema_{error.validator}", error.message)
        for error in Draft202012Validator(schema).iter_errors(data)
    ]
    assert theirs
    assert [(each.pointer, each.code, each.detail) for each in data_faults(schema, data, pointer="")] == theirs


@pytest.mark.parametrize(("schema", "data"), [(CASES[0][0], {"a": "x", "c": 3}), (CASES[1][0], {"rows": [{"n": 3}]})])
def test_data_that_match_have_no_errors(schema: dict[str, Any], data: Any) -> None:
    assert data_faults(schema, data, pointer="") == []
