"""A template's author can not get out of the template, and can not keep anybody busy: by source, schema or data."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fanfare.errors import Invalid, TemplateError
from fanfare.templates.data_schema import validation as schemas
from fanfare.templates.data_schema.validation import data_faults, schema_faults
from fanfare.templates.renderer import Renderer

from tests.unit.templates.test_renderer import text

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ [].__class__.__base__ }}",
    "{{ data.__class__ }}",
    "{{ data.__init__.__globals__ }}",
    "{{ data['__class__'] }}",
    "{{ user.__dict__ }}",
    "{{ data|attr('__class__') }}",
    "{{ data['items']|map(attribute='__class__')|list }}",
    "{{ ''|attr('format') }}",
    "{{ 'x'.format }}",
    "{{ '{0.__class__}'.format(data) }}",
    "{{ '{0.__class__}'|format(data) }}",
    "{{ '%s' % data }}",
    "{{ 'x'.join(['a']) }}",
    "{{ data.items() }}",
    "{{ data.get('order') }}",
    "{{ self }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ caller }}",
    "{{ caller() }}",
    "{{ varargs }}",
    "{{ kwargs }}",
    "{{ config }}",
    "{{ request }}",
    "{{ request.application.__globals__ }}",
    "{{ cycler }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ lipsum() }}",
    "{{ range(3) }}",
    "{{ dict(a=1) }}",
    "{{ get_flashed_messages() }}",
    "{{ url_for.__globals__ }}",
    "{{ _budget }}",
    "{{ _budget.until }}",
    "{{ __import__('os') }}",
    "{{ ''|_step }}",
    "{{ ['a']|_concat }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% for x in [1] %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for x in [1] %}{{ loop.changed }}{% endfor %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% macro x() %}{% endmacro %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x = 1 %}",
    "{% set x %}y{% endset %}",
    "{% with x = 1 %}{% endwith %}",
    "{% do x %}",
    "{% autoescape false %}{{ data.order }}{% endautoescape %}",
    "{% raw %}x",
    "{{ data.order|safe }}",
    "{{ data.order|forceescape }}",
    "{{ data|pprint }}",
    "{{ data|xmlattr }}",
    "{{ data.order|list }}",
    "{{ data.many|random }}",
    "{{ data['items']|groupby('name') }}",
    "{{ data['items']|selectattr('name') }}",
    "{{ data.order is callable }}",
    "{{ data.order is filter }}",
    "{{ data.order is sameas data.order }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_a_template_can_not_get_out(source: str) -> None:
    with pytest.raises(TemplateError) as refused:
        text(source)
    assert refused.value.line == 1


BOMBS = [
    "{% for a in data.many %}{% for b in data.many %}{% for c in data.many %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in data.many recursive %}{{ loop(data.many) }}{% endfor %}",
    "{{ 'a' * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 99999999999999999999999999999999999999999 * 99999999999999999999999999999999999999999 }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'|indent(1000000000) }}",
    "{{ '%01000000000d' % 1 }}",
    "{{ '%01000000000d'|format(1) }}",
    "{{ data.long|replace('x', data.long) }}",
    "{{ data.many|join(data.long) }}",
    "{{ data.long ~ data.long ~ data.long ~ data.long ~ data.long }}",
    "{{ data.long + data.long + data.long + data.long + data.long }}",
    "{% for x in data.many %}{{ data.long }}{% endfor %}",
    "{{ data.many|batch(1000000000, 'x') }}",
    "{{ data.many|slice(1000000000) }}",
    "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "{{ " + "-" * 5_000 + "1 }}",
    "{{ " + "not " * 5_000 + "1 }}",
    "{% if 1 %}" * 2_000 + "{% endif %}" * 2_000,
    "x" * 200_001,
]


@pytest.mark.parametrize("source", BOMBS)
def test_a_template_ends_soon_and_stays_small(source: str) -> None:
    began = time.thread_time()
    with pytest.raises(TemplateError):
        text(source)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    "source", ["{{ data.order() }}", "{{ 'x'.upper() }}", "{{ (1)() }}", "{% if user() %}{% endif %}"]
)
def test_a_template_calls_nothing(source: str) -> None:
    with pytest.raises(TemplateError, match="'call' is not allowed"):
        text(source)


def test_loops_have_an_end_also_where_they_say_nothing() -> None:
    with pytest.raises(TemplateError, match="loops take too many steps; the limit is 20,000"):
        text("{% for a in data.many %}{% for b in data.many %}{% endfor %}{% endfor %}")


def test_the_lists_are_long_enough() -> None:
    assert (len(ESCAPES) >= 60, len(BOMBS) + len(SCHEMAS) + len(SOURCES) >= 40) == (True, True)


# The schema that data has to satisfy

LEVELS = 40
DOUBLING = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(LEVELS)} | {f"d{LEVELS}": {}}
EITHER = {"anyOf": [{"properties": {"x": {"$ref": "#/$defs/a"}}, "minProperties": 2}] * 2}
NESTED: dict[str, Any] = {}
for _ in range(60):
    NESTED = {"x": NESTED}
DIALECT = "https://json-schema.org/draft/2020-12/schema"

# What would take minutes or for ever, and what would be told to somebody else's validator
SCHEMAS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"properties": {"a": {"pattern": r"^(a+)+$"}}}, {"a": "a" * 40 + "b"}),
    ({"properties": {"a": {"pattern": r"(x+x+)+y"}}}, {"a": "x" * 10_000}),
    ({"properties": {"a": {"pattern": r"(.*a){20}$"}}}, {"a": "a" * 10_000 + "b"}),
    ({"properties": {"a": {"pattern": r"(a?){1000}b"}}}, {"a": "a" * 200_000}),
    ({"properties": {"a": {"pattern": r"((a{1,100}){1,100}){1,100}b"}}}, {"a": "a"}),
    ({"properties": {"a": {"pattern": r"(a)\1"}}}, {"a": "ab"}),
    ({"properties": {"a": {"pattern": r"(?=a)b"}}}, {"a": "b"}),
    ({"properties": {"a": {"pattern": r"(a"}}}, {"a": "b"}),
    ({"$ref": "#/aside", "aside": {"properties": {"a": {"pattern": r"(?<=a)b"}}}}, {"a": "ab"}),
    ({"patternProperties": {r"^(a+)+$": False}, "type": "array"}, {"a" * 40 + "b": 1}),
    ({"patternProperties": {r"^(a|aa)+$": {}}, "additionalProperties": False}, {"a" * 60 + "b": 1}),
    ({"propertyNames": {"pattern": r"^(\w+\s?)*$"}}, {"a" * 60 + "!": 1}),
    ({"$defs": DOUBLING, "$ref": "#/$defs/d0", "minProperties": 1}, {}),
    ({"$defs": {"a": EITHER}, "$ref": "#/$defs/a"}, NESTED),
    ({"$dynamicAnchor": "a", "allOf": [{"$dynamicRef": "#a"}]}, {}),
    ({"$ref": "#"}, {}),
    ({"unevaluatedProperties": False, "dependentSchemas": {}}, {}),
    ({"properties": {"a": {"unevaluatedItems": False}}}, {}),
    ({"properties": {"a": {"uniqueItems": True}}}, {"a": [*({"x": n} for n in range(20_000)), {"x": 7}]}),
    ({"required": [{"x": n} for n in range(20_000)]}, {}),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, {}),
    ({"properties": {"a": {"$schema": DIALECT, "pattern": r"^(a+)+$"}}}, {"a": "a" * 40 + "b"}),
    ({"$ref": "http://169.254.169.254/latest/meta-data"}, {}),
    ({"$ref": "file:///etc/passwd"}, {}),
    ({"$id": "http://[x", "$ref": "y"}, {}),
    ({"$ref": "#/aside", "aside": {"type": "no such type"}}, {}),
    ({"$ref": "#/aside/0", "aside": [3]}, {}),
    ({"multipleOf": 0}, {}),
    ({"properties": {"a": {"multipleOf": 7e-300}}}, {"a": 10**300}),
]


@pytest.mark.parametrize(("schema", "example"), SCHEMAS, ids=lambda value: str(value)[:60])
def test_a_schema_keeps_nobody_busy(
    schema: dict[str, Any], example: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "SECONDS_LIMIT", 0.2)  # so that the test is quick, too
    began = time.thread_time()
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {}, "schema": schema, "example": example})
    assert time.thread_time() - began < 1.5
    assert all(len(fault.detail) <= 400 for fault in refused.value.errors)


def test_what_a_schema_is_for_still_holds() -> None:
    schema = {
        "$schema": DIALECT,
        "properties": {"code": {"pattern": r"^[A-Z]-\d+$"}, "many": {"uniqueItems": True}},
        "patternProperties": {"^x-": {"type": "string"}},
        "additionalProperties": False,
    }
    Renderer().check({"channels": {}, "schema": schema, "example": {"code": "A-17", "many": [1, "1"], "x-a": "b"}})
    wrong = {"code": "A", "many": [1, 1.0], "x-a": 3, "more": 1}
    with pytest.raises(Invalid) as refused:
        Renderer().check_data({"schema": schema}, wrong, pointer="")
    assert {fault.pointer for fault in refused.value.errors} == {"/code", "/many", "/x-a", ""}


# Sources whose includes multiply, also where nothing reads them

COMMENTED = {f"p{n}": "{# " + f"{{% include 'p{n + 1}' %}}" * 300 + " #}" for n in range(8)}
SOURCES: list[tuple[str, dict[str, str]]] = [
    ("<" + "a" * 190_000, {}),
    ("{{" * 90_000, {}),
    ("{% include" + " " * 190_000, {}),
    (COMMENTED["p0"], COMMENTED),
    ("{% raw %}" + "{% include 'p' %}" * 5_000, {"p": "x" * 100_000}),
    ("{% include 'p' %}" * 100, {"p": "<p " * 600}),
    ("<div>" * 19_000 + "</p>" * 20_000, {}),
    ("<a href=b>x" * 9_000 + "</a>" * 20_000, {}),
]


@pytest.mark.parametrize(("source", "partials"), SOURCES, ids=lambda value: str(value)[:30])
def test_html_and_its_text_are_checked_soon(source: str, partials: dict[str, str]) -> None:
    began = time.thread_time()
    try:
        Renderer().check({"channels": {"email": {"subject": "x", "html": source}}, "partials": partials})
    except Invalid as refused:
        assert {fault.code for fault in refused.errors} == {"template_error"}  # noqa: PT017
    assert time.thread_time() - began < 4


def test_a_partial_is_included_so_often_and_no_more() -> None:
    body = {
        "channels": {"email": {"subject": "x", "text": "{% include 'p' %}" * 101}},
        "partials": {"p": "x"},
    }
    with pytest.raises(Invalid):
        Renderer().check(body)


@pytest.mark.parametrize("name", ["unevaluatedItems", "unevaluatedProperties"])
def test_a_property_may_have_the_name_of_a_keyword_that_is_not_taken(name: str) -> None:
    schema = {"properties": {name: {"type": "string"}}, "$defs": {"properties": {"properties": {name: True}}}}
    assert schema_faults(schema) == []
    assert [fault.code for fault in data_faults(schema, {name: 1}, pointer="")] == ["schema_type"]


def test_what_a_reference_makes_a_keyword_of_is_not_followed() -> None:
    schema = {"properties": {"unevaluatedProperties": False}, "$ref": "#/properties"}
    with pytest.raises(Invalid):
        data_faults(schema, {"a": 1}, pointer="")
