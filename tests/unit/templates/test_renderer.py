"""A template reads its data and nothing else, ends, and stays small; every refusal says where."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.errors import Invalid, TemplateError
from fanfare.templates.body import nearest
from fanfare.templates.renderer import Renderer

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
        with pytest.raises(TemplateError, match="unknown filter"):
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


@pytest.mark.parametrize(
    ("source", "line", "column", "detail"),
    [
        ("fine\n  {{ data.nope }}", 2, 11, "nope"),
        ("{{ data.order", 1, 1, "end of print statement"),
        ("a\nb\n{% if x %}", 3, 4, "if"),
        ("{{ data.order|shout }}", 1, 15, "shout"),
        (r"{{ '\ud83d' ~ '\ude00' }}", 1, 1, "unpaired"),
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
    for tag in ("DE-ch", "de-ch"):
        assert Renderer().render(body, "email", locale=tag, data={}, user=USER) == swiss
        assert nearest(body, "email", tag) == "de-CH"


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
