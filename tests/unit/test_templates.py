"""A template reads its data and nothing else, ends, and stays small; every refusal says where."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fanfare.errors import Invalid, TemplateError
from fanfare.templates import Renderer

USER = {"id": "user-1", "name": "Ada", "locale": "en"}
DATA: dict[str, Any] = {
    "order": "A-17",
    "price": 12.5,
    "items": [{"name": "<b>Tea</b>", "count": 2}, {"name": "Cup", "count": 1}],
    "long": "x" * 100_000,
    "many": list(range(1_000)),
    "nothing": None,
}


def text(source: str, data: dict[str, Any] = DATA) -> str:
    body = {"channels": {"email": {"text": source}}}
    return Renderer().render(body, "email", locale=None, data=data, user=USER)["text"]


def html(source: str) -> str:
    body = {"channels": {"email": {"html": source}}}
    return Renderer().render(body, "email", locale=None, data=DATA, user=USER)["html"]


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("Dear {{ user.name }}, {{ data.order }}", "Dear Ada, A-17"),
        ("{% for item in data['items'] %}{{ loop.index }}:{{ item.count }} {% endfor %}", "1:2 2:1 "),
        ("{% if data.price > 10 and not data.nothing %}dear{% else %}cheap{% endif %}", "dear"),
        ("{{ data.order ~ '/' ~ data.price }}", "A-17/12.5"),
        ("{{ data.price * 2 + 1 }}", "26.0"),
        ("{{ data['items']|map_names }}", None),
        ("{{ data.missing|default('none') }}", "none"),
        ("{{ [3, 1, 2]|sort|join(', ') }}", "1, 2, 3"),
        ("{% for key, value in {'a': 1}|items %}{{ key }}={{ value }}{% endfor %}", "a=1"),
        ("{{ data.order|lower|replace('a', 'b') }}", "b-17"),
    ],
)
def test_what_a_template_can_say(source: str, rendered: str | None) -> None:
    if rendered is None:
        with pytest.raises(TemplateError, match="no filter"):
            text(source)
    else:
        assert text(source) == rendered


def test_html_is_escaped_and_text_is_not() -> None:
    source = "{{ data['items'][0].name }}"
    assert html(source) == "&lt;b&gt;Tea&lt;/b&gt;"
    assert text(source) == "<b>Tea</b>"


def test_a_join_in_html_stays_escaped() -> None:
    assert html("{{ ['<', data['items'][0].name]|join('<br>') }}") == "&lt;&lt;br&gt;&lt;b&gt;Tea&lt;/b&gt;"
    assert html("{{ '<i>' ~ data.order }}") == "&lt;i&gt;A-17"


def test_a_subject_is_one_line() -> None:
    body = {"channels": {"email": {"subject": "Hi\r\nBcc: {{ data.order }}\n", "text": "x"}}}
    data = {"order": "eve@example.com\r\nX-Evil: 1"}
    subject = Renderer().render(body, "email", locale=None, data=data, user=USER)["subject"]
    assert subject == "Hi Bcc: eve@example.com X-Evil: 1"


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
    ("source", "line", "column", "detail"),
    [
        ("fine\n  {{ data.nope }}", 2, 11, "nope"),
        ("{{ data.order", 1, 1, "end of print statement"),
        ("a\nb\n{% if x %}", 3, 4, "if"),
        ("{{ data.order|shout }}", 1, 15, "shout"),
    ],
)
def test_a_refusal_says_where(source: str, line: int, column: int, detail: str) -> None:
    with pytest.raises(TemplateError) as refused:
        text(source)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert detail in refused.value.detail


def test_the_nearest_locale_wins_part_by_part() -> None:
    body = {
        "channels": {"email": {"subject": "Hello", "text": "Your order"}},
        "locales": {
            "de": {"email": {"subject": "Hallo", "text": "Deine Bestellung"}},
            "de-CH": {"email": {"subject": "Grüezi"}},
        },
    }
    swiss = Renderer().render(body, "email", locale="de-CH", data={}, user=USER)
    assert swiss == {"subject": "Grüezi", "text": "Deine Bestellung"}
    assert Renderer().render(body, "email", locale="fr", data={}, user=USER)["subject"] == "Hello"


def test_a_template_is_refused_with_a_place_for_each_fault() -> None:
    body = {"channels": {"email": {"subject": "{{ data.a }}", "txt": "x"}, "fax": {}}, "example": {"b": 1}}
    with pytest.raises(Invalid) as refused:
        Renderer().check(body)
    assert {fault.pointer for fault in refused.value.errors} == {
        "/channels/email", "/channels/email/subject", "/channels/email/txt", "/channels/fax",
    }  # fmt: skip


def test_the_example_has_to_satisfy_the_schema() -> None:
    schema = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {}, "schema": schema, "example": {"order": 7}})
    assert refused.value.errors[0].pointer == "/example/order"


def test_a_schema_is_a_schema() -> None:
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {}, "schema": {"type": "strin"}})
    assert refused.value.errors[0].pointer.startswith("/schema")


def test_a_schema_fetches_nothing_from_outside() -> None:
    schema = {"$ref": "http://127.0.0.1:9/schema.json"}
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {}, "schema": schema, "example": {}})
    assert refused.value.errors[0].code == "schema_invalid"


def test_a_schema_that_refers_to_itself_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {}, "schema": {"$ref": "#"}, "example": {}})
    assert refused.value.errors[0].pointer == "/schema"


def test_a_mail_needs_a_subject_and_something_to_read() -> None:
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {"email": {"html": "<p>Hello</p>"}}})
    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == ("/channels/email", "part_missing")
