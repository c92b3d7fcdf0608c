"""What is likely to be wrong: warnings for content that can be sent, and errors that say what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.errors import TemplateError
from fanfare.templates.advice.review import all_warnings
from fanfare.templates.renderer import Renderer

LONG = "A long enough text for a mail."


def codes(sender: str = "Shop <shop@x.example>", **parts: str) -> list[tuple[str, str]]:
    body = {"channels": {"email": {"subject": "Hi"} | parts}, "example": {"name": "Ada"}}
    return [(each.code, each.pointer) for each in all_warnings(Renderer(sender=sender), body)]


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"text": LONG}, []),
        ({"html": f"<p>{LONG}</p>", "text": LONG}, []),
        ({"html": f"<p>{LONG}</p>"}, []),
        ({"html": f"<p>{LONG} {{{{ user.name }}}}</p>"}, [("text_derived_per_reader", "/channels/email/html")]),
        ({"html": f"<p>{LONG} {{{{ user.name }}}}</p>", "text": LONG}, []),
        ({"html": "<p>" + LONG + "x" * 102_400 + "</p>", "text": LONG}, [("mail_clipped", "/channels/email/html")]),
        ({"html": f"<p>{LONG}</p><!-- " + "é" * 51_200 + "-->", "text": LONG},
         [("mail_clipped", "/channels/email/html")]),
        ({"html": "<div style='display:none'>x</div>"}, [("text_empty", "/channels/email/html")]),
        ({"html": "<img src='https://x.example/a.png'>"}, [("image_only", "/channels/email/html")]),
        ({"html": "<a href='https://x.example/abcdefghijklmnopqrstuvwxyz'><img src='a.png'></a>"},
         [("image_only", "/channels/email/html")]),
        ({"html": f"<img src='a.png' alt='{LONG}'>"}, []),
        ({"text": LONG + " Dear *|FNAME|*"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " *|IF:PLAN=pro|*"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " *|DATE:d/m/y|*"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " {% raw %}{{#if vip}}{% endraw %}"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " Dear <%= name %>"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " Dear ${user.name}"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " Dear %recipient.name%"}, [("foreign_template_language", "/channels/email/text")]),
        ({"text": LONG + " It costs $5.00, 100% of it, <% of nothing"}, []),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_a_warning_has_a_code_and_a_place(parts: dict[str, str], found: list[tuple[str, str]]) -> None:
    assert codes(**parts) == found


def test_a_partial_in_another_language_warns() -> None:
    body = {
        "channels": {"email": {"subject": "Hi", "text": LONG + '{% include "foot" %}'}},
        "partials": {"foot": "*|LIST:ADDRESS|*", "head": "Hello"},
    }
    assert [(each.code, each.pointer) for each in all_warnings(Renderer(), body)] == [
        ("foreign_template_language", "/partials/foot")
    ]


@pytest.mark.parametrize(
    ("sender", "text", "warned"),
    [
        ("no-reply@x.example", "Just answer this mail.", True),
        ("Shop <noreply@x.example>", "Questions? Reply to this email.", True),
        ("do-not-reply@x.example", "Antworten Sie einfach auf diese Mail.", True),
        ("no_reply@x.example", "Répondez à ce message.", True),
        ("no-reply@x.example", "Your order has left.", False),
        ("shop@x.example", "Just answer this mail.", False),
        ("nora@reply.example", "Just answer this mail.", False),
    ],
)
def test_a_mail_that_asks_for_an_answer_comes_from_somebody_who_takes_one(sender: str, text: str, warned: bool) -> None:
    found = codes(sender, html=f"<p>{LONG} {text}</p>", text=f"{LONG} {text}")
    assert [code for code, _ in found] == ["no_reply_sender"] * warned


def test_a_warning_of_a_translation_points_to_it_and_a_common_one_comes_once() -> None:
    body: dict[str, Any] = {
        "channels": {"email": {"subject": "Hi", "html": f"<p>{LONG} {{{{ user.name }}}}</p>"}},
        "locales": {"de": {"email": {"html": "<img src='a.png'>"}}, "fr": {"email": {"subject": "Salut"}}},
    }
    assert [(each.code, each.pointer) for each in all_warnings(Renderer(), body)] == [
        ("text_derived_per_reader", "/channels/email/html"),
        ("image_only", "/locales/de/email/html"),
    ]


@pytest.mark.parametrize(
    ("source", "detail", "line", "column"),
    [
        (
            "<style>@media x{#a{color:red}}</style>",
            "'{#' begins a comment that never ends. In CSS, put {% raw %}",
            1,
            16,
        ),
        ("a\n{# note #}\n<style>p{a:b}@x{#a{c:d}}", "'{#' begins a comment", 3, 16),
        ("{% raw %}{#a{% endraw %}\n b{#c", "'{#' begins a comment", 2, 3),
        ("Hi {{#if name}}x{{/if}}", "'{{#if' is Handlebars or Mustache; templates are Jinja here: write {% if", 1, 4),
        ("Hi\n {{#each items}}x{{/each}}", "write {% for item in … %} … {% endfor %}", 2, 2),
        ("{{^items}}none{{/items}}", "write {% if not … %} … {% endif %}", 1, 1),
        ("{{#items}}{{name}}{{/items}}", "'{{#' is Handlebars", 1, 1),
        ("{{{ name }}}", "write {{ … }}, which escapes HTML", 1, 1),
        ("{{> footer}}", 'write {% include "name" %}', 1, 1),
        ("{{! note }}", "write {# … #}", 1, 1),
        ("Hi {{ name }}", "'name' is undefined; what was posted is in data, e.g. data.name", 1, 7),
    ],
)
def test_an_error_says_what_to_write_instead(source: str, detail: str, line: int, column: int) -> None:
    body = {"channels": {"email": {"html": source}}}
    with pytest.raises(TemplateError) as refused:
        Renderer().render(body, "email", locale=None, data={}, user={"id": "ada"})
    assert detail in refused.value.detail
    assert (refused.value.line, refused.value.column) == (line, column)


def test_raw_around_a_style_works_whole() -> None:
    body = {"channels": {"email": {"html": "{% raw %}<style>@media x{#a{color:red}}</style>{% endraw %}<p>Hi</p>"}}}
    rendered = Renderer().render(body, "email", locale=None, data={}, user={"id": "ada"})
    assert rendered == {"html": "<style>@media x{#a{color:red}}</style><p>Hi</p>", "text": "Hi\n"}
