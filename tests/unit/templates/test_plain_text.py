"""The text of a mail that has HTML alone."""

from __future__ import annotations

import time

import pytest
from fanfare.templates.body import parts
from fanfare.templates.plain_text import text_of
from fanfare.templates.renderer import Renderer, derived

USER = {"id": "user-1", "name": "Ada", "locale": "de"}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear {{ user.name }},</p><p>it has\n left.</p>", "Dear {{ user.name }},\n\nit has left.\n"),
        ("a<br>b", "a\nb\n"),
        ("<h1>Hello</h1>World", "Hello\n\nWorld\n"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b\n"),
        ('<a href="https://example.com/{{ data.id }}">Track</a>', "Track (https://example.com/{{ data.id }})\n"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com\n"),
        ('<a href="mailto:a@example.com">a@example.com</a> <a href="#x">up</a>', "a@example.com up\n"),
        ("<style>p{}</style><title>x</title><script>1</script>Hi", "Hi\n"),
        ('<img src="x" alt="Logo"> Shop', "Logo Shop\n"),
        ("Tea &amp; cake &lt;3", "Tea & cake <3\n"),
        ("{# a note #}Hi", "Hi\n"),
        ("{% if data.a < 3 %}<p>few</p>{% endif %}", "{% if data.a < 3 %}few\n\n{% endif %}\n"),
        ("&#123;&#123; user.name }}", "{{ '{{' }} user.name }}\n"),
        ("<p>not closed <b>at <i>all", "not closed at all\n"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b\n"),
    ],
)
def test_what_html_says_as_text(html: str, text: str) -> None:
    assert text_of(html, {}) == text


def test_a_loop_between_the_rows_of_a_table_stays_around_them() -> None:
    html = "<table>{% for i in data.rows %}<tr><td>{{ i }}</td><td>1</td></tr>{% endfor %}</table>Bye"
    body = {"channels": {"email": {"text": text_of(html, {})}}}
    rendered = Renderer().render(body, "email", locale=None, data={"rows": ["Tea", "Cup"]}, user=USER)["text"]
    assert rendered == "Tea 1\nCup 1\n\nBye\n"


def test_a_partial_is_read_as_html_too() -> None:
    assert text_of('<p>Hi</p>{% include "foot" %}', {"foot": "<p>Shop<br>Vienna</p>"}) == "Hi\n\nShop\nVienna\n"


@pytest.mark.parametrize(
    "html",
    [
        "<" * 100_000,
        "<a " * 50_000,
        "<p>" * 60_000,
        "{{" * 90_000,
        "<![" * 50_000,
        "&" * 200_000,
        "<td>" * 45_000,
        "<!--" * 50_000,
        "{% a %}<p>" * 9_000,
        "<a href='" * 20_000,
    ],
)
def test_a_text_is_made_soon_whatever_the_html_is(html: str) -> None:
    began = time.thread_time()
    text_of(html, {})
    assert time.thread_time() - began < 5


def test_each_language_that_has_html_alone_gets_a_text_of_its_own() -> None:
    body = {
        "channels": {"email": {"subject": "Hi", "html": "<p>Hello</p>", "text": "Hello, reader"}},
        "locales": {"de": {"email": {"html": "<p>Hallo</p>"}}, "fr": {"email": {"subject": "Salut"}}},
    }
    found = body | {"derived": derived(body)}
    texts = {locale: parts(found, "email", locale)["text"] for locale in (None, "de-AT", "fr")}
    assert texts == {None: "Hello, reader", "de-AT": "Hallo\n", "fr": "Hello, reader"}


def test_a_text_that_would_not_render_is_not_made() -> None:
    body = {"channels": {"email": {"subject": "Hi", "html": "<p {% if 1 %}class='a'>{% endif %}Hi"}}}
    assert derived(body) == {}
