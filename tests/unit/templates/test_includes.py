"""Partials and layouts count as if they had been written where they are put in."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fanfare.errors import Invalid, TemplateError
from fanfare.templates.renderer import Renderer

USER = {"id": "user-1", "name": "<Ada>", "locale": "de-AT"}
DATA = {"items": ["a", "<b>"], "long": "x" * 1_000}


def render(body: dict[str, Any], *, locale: str | None = None) -> dict[str, str]:
    return Renderer().render(body, "email", locale=locale, data=DATA, user=USER)


def text(source: str, **partials: str) -> str:
    return render({"channels": {"email": {"text": source}}, "partials": partials})["text"]


def framed(part: dict[str, str], layout: dict[str, str], **more: Any) -> dict[str, str]:
    return render({"channels": {"email": part}, "layout": {"channels": {"email": layout}, **more}})


def test_a_partial_is_put_in_by_its_name() -> None:
    assert text('{% include "hello" %}!', hello="Hello {{ user.name }}") == "Hello <Ada>!"


def test_a_partial_sees_what_stands_around_it() -> None:
    source = "{% for item in data['items'] %}{% include 'row' %}{% endfor %}"
    assert text(source, row="{{ loop.index }}{{ item }} ") == "1a 2<b> "


def test_a_partial_is_escaped_in_html_and_not_in_text() -> None:
    body = {
        "channels": {"email": {"html": '{% include "who" %}', "text": '{% include "who" %}'}},
        "partials": {"who": "<i>{{ user.name }}</i>"},
    }
    assert render(body) == {"html": "<i>&lt;Ada&gt;</i>", "text": "<i><Ada></i>"}


def test_a_partial_may_have_partials() -> None:
    assert text('{% include "a" %}', a='1{% include "b" %}', b="2") == "12"


def test_a_layout_goes_around_and_is_not_escaped() -> None:
    layout = {"html": "<body>{{ content }}<p>{{ user.name }}</p></body>", "text": "{{ content }}\n-- \nShop"}
    shown = framed({"html": "<h1>{{ user.name }}</h1>", "text": "Hi"}, layout)
    assert shown["html"] == "<body><h1>&lt;Ada&gt;</h1><p>&lt;Ada&gt;</p></body>"
    assert shown["text"] == "Hi\n-- \nShop"


def test_what_a_value_says_is_never_taken_for_the_content() -> None:
    data = {"name": "{{ content }}{% include 'x' %}"}
    body = {
        "channels": {"email": {"text": "{{ data.name }}"}},
        "layout": {"channels": {"email": {"text": "[{{ content }}]"}}},
    }
    assert Renderer().render(body, "email", locale=None, data=data, user=USER)["text"] == f"[{data['name']}]"


def test_a_part_that_the_layout_has_no_place_for_stays_as_it_is() -> None:
    assert framed({"subject": "Order", "text": "Hi"}, {"subject": "Shop", "html": "{{ content }}"}) == {
        "subject": "Order",
        "text": "Hi",
    }


def test_a_layout_has_partials_of_its_own() -> None:
    layout = {"text": "{{ content }} {% include 'sign' %}"}
    assert framed({"text": "Hi"}, layout, partials={"sign": "Shop"})["text"] == "Hi Shop"


def test_a_layout_speaks_the_readers_language() -> None:
    layout = {
        "channels": {"email": {"text": "{{ content }} Regards"}},
        "locales": {"de": {"email": {"text": "{{ content }} Gruß"}}},
    }
    body = {"channels": {"email": {"text": "Hi"}}, "layout": layout}
    assert (render(body, locale="de-AT")["text"], render(body)["text"]) == ("Hi Gruß", "Hi Regards")


def test_a_layout_may_show_its_content_under_a_condition() -> None:
    assert framed({"text": "Hi"}, {"text": "{% if user.name %}{{ content }}{% endif %}"})["text"] == "Hi"


def test_a_layout_by_itself_is_put_around_nothing() -> None:
    assert text("[{{ content }}]") == "[]"


@pytest.mark.parametrize(
    ("source", "partials", "detail"),
    [
        ('{% include "b" %}', {"a": ""}, "unknown partial 'b'"),
        ('{% include "a" %}', {"a": '{% include "a" %}'}, "includes itself"),
        ('{% include "a" %}', {"a": '{% include "b" %}', "b": '{% include "a" %}'}, "includes itself"),
        ('{% include "a" %}', {"a": "{{ content }}"}, "layout"),
        ('{% include "a" %}', {"a": "{{ ''.__class__ }}"}, "__class__"),
        ('{% include "a" %}', {"a": "{{ self }}"}, "self"),
        ('{% include "a" ignore missing %}', {}, "by its name"),
        ('{% include "a" without context %}', {"a": ""}, "by its name"),
        ("{% include data.name %}", {"a": ""}, "by its name"),
        ('{% include ["a"] %}', {"a": ""}, "by its name"),
        ('{% include "/etc/passwd" %}', {"a": ""}, "unknown partial"),
        ("{{ content }}{{ content }}", {}, "once"),
        ("{{ content|upper }}", {}, "alone"),
        ("{% for x in [1, 2] %}{{ content }}{% endfor %}", {}, "outside of loops"),
        ("{% for content in [1] %}{% endfor %}", {}, "layout"),
    ],
)
def test_what_is_put_in_can_not_get_out(source: str, partials: dict[str, str], detail: str) -> None:
    with pytest.raises(TemplateError) as refused:
        text(source, **partials)
    assert detail in refused.value.detail
    assert refused.value.line == 1


def test_a_part_in_a_layout_is_no_layout() -> None:
    with pytest.raises(TemplateError, match="layout"):
        framed({"text": "{{ content }}"}, {"text": "{{ content }}"})


@pytest.mark.parametrize(
    ("source", "partials"),
    [
        ("{% include 'a' %}" * 101, {"a": ""}),
        ("{% include 'a' %}" * 3, {"a": "x" * 66_667}),
        ("{% include '0' %}", {str(level): f"{{% include '{level + 1}' %}}" for level in range(9)} | {"9": ""}),
        (
            "{% include '0' %}" * 9,
            {str(level): f"{{% include '{level + 1}' %}}" * 9 for level in range(4)} | {"4": "x"},
        ),
        (
            "{% for a in [1] %}" * 19 + "{% include 'a' %}" + "{% endfor %}" * 19,
            {"a": "{% for b in [1] %}" * 9 + "{% endfor %}" * 9},
        ),
        ("{% for x in data.long|default([])|items %}{% endfor %}", {}),
    ],
)
def test_what_is_put_in_stays_small(source: str, partials: dict[str, str]) -> None:
    began = time.thread_time()
    with pytest.raises(TemplateError):
        text(source, **partials)
    assert time.thread_time() - began < 2


def test_the_bounds_hold_for_the_whole() -> None:
    many = {"items": list(range(200))}
    body = {
        "channels": {"email": {"text": "{% for a in data['items'] %}{% include 'b' %}{% endfor %}"}},
        "partials": {"b": "{% for b in data['items'] %}{{ b }}{% endfor %}"},
    }
    with pytest.raises(TemplateError, match="steps"):
        Renderer().render(body, "email", locale=None, data=many, user=USER)


@pytest.mark.parametrize(
    ("source", "partials", "line", "where"),
    [
        ("one\ntwo {{ data.nope }}", {"a": ""}, 2, "'nope'"),
        ("one\n{% include 'a' %}", {"a": "1\n2\n{{ data.nope }}"}, 3, "in the partial 'a':"),
        ("{% include 'a' %}\n{{ data.nope }}", {"a": "1\n2"}, 2, "text:"),
        ("{% include 'a' %}", {"a": "1\n{% if %}"}, 2, "in the partial 'a':"),
    ],
)
def test_a_refusal_says_in_which_source(source: str, partials: dict[str, str], line: int, where: str) -> None:
    with pytest.raises(TemplateError) as refused:
        text(source, **partials)
    assert refused.value.line == line
    assert where in refused.value.detail


def test_a_fault_in_the_layout_is_told_as_such() -> None:
    with pytest.raises(TemplateError) as refused:
        framed({"text": "a\nb\nc"}, {"text": "1\n2 {{ data.nope }}\n{{ content }}"})
    assert (refused.value.line, "in the layout" in refused.value.detail) == (2, True)


def test_a_partial_that_nobody_names_is_checked_too() -> None:
    with pytest.raises(Invalid) as refused:
        Renderer().check(
            {"channels": {"sms": {"text": "Hi"}}, "partials": {"a/b": "{{ x.y( }}", "c": "{% include 'c' %}"}}
        )
    assert [fault.pointer for fault in refused.value.errors] == ["/partials/a~1b", "/partials/c"]


def test_a_template_has_to_render_in_every_language_of_its_layout() -> None:
    layout = {"channels": {}, "locales": {"de": {"sms": {"text": "{{ data.nope }} {{ content }}"}}}}
    with pytest.raises(Invalid) as refused:
        Renderer().check({"channels": {"sms": {"text": "Hi"}}, "layout": layout})
    assert [fault.pointer for fault in refused.value.errors] == ["/channels/sms/text"]
