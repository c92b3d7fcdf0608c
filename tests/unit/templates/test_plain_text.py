"""The text of a mail that has HTML alone: what a reader of the HTML sees, each link once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fanfare.templates.body import parts
from fanfare.templates.renderer import Renderer
from fanfare.templates.text import derived_text
from fanfare.templates.text.plain_text import text_and_links, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

USER = {"id": "user-1", "name": "Ada", "locale": "de"}
FILLER = "&#847;&zwnj;&nbsp;&#8199;&shy;&#8203;&#65279;"  # of React Email, Litmus and others, repeated
LINK = "https://x.example/a"

CASES = [
    # text and blocks
    ("<p>Dear Ada,</p><p>it has\n left.</p>", "Dear Ada,\n\nit has left.\n"),
    ("a<br>b", "a\nb\n"),
    ("a<br><br><br><br>b", "a\n\nb\n"),
    ("<h1>Hello</h1>World", "Hello\n\nWorld\n"),
    ("<div>a</div><div>b</div><section>c</section><footer>d</footer>", "a\nb\nc\nd\n"),
    ('<span style="display:block">a</span>b', "a\nb\n"),
    ("<p>a</p>\n   \n<p></p><p> </p><p>b</p>", "a\n\nb\n"),
    ("<b>a</b> <i>b</i><u>c</u>", "a bc\n"),
    ("a<hr>b", "a\n\n----\n\nb\n"),
    ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc\n"),
    ("<blockquote>a<p>b</blockquote>c", "> a\n\n> b\n\nc\n"),
    ("x &amp; y &lt;3 &#8364;", "x & y <3 €\n"),
    ("{{ braces }} {% and %} {# more #}", "{{ braces }} {% and %} {# more #}\n"),
    ("Gr&uuml;&szlig;e&nbsp;an Zo&euml;", "Grüße\u00a0an Zoë\n"),
    # what is not closed, or not there
    ("<p>not closed <b>at <i>all", "not closed at all\n"),
    ("<head><title>x</title><style>p{}</style><body>Hi", "Hi\n"),
    ("<title>x</title><p>Hi", "Hi\n"),
    ("<html><head><meta charset=utf-8><p>Hi", "Hi\n"),
    ("<style>p{}</style><script>1</script><template>t</template>Hi", "Hi\n"),
    ("<style>p{color:red", ""),
    ("", ""),
    ("<p></p><!-- x -->", ""),
    ("<!--[if mso]><p>Outlook</p><![endif]--><!--[if !mso]><!--><p>others</p><!--<![endif]-->", "others\n"),
    # lists
    ("<ul><li>a</li><li>b</li></ul>", "- a\n- b\n"),
    ("<ol><li>a</li><li><p>b</p></li><li></li><li>c</li></ol>", "1. a\n2. b\n4. c\n"),
    ("<ol start=5><li>a<li value=9>b<li>c</ol>", "5. a\n9. b\n10. c\n"),
    ("<ul><li><p>a</p></li><li><p>b</p><p>c</p></li></ul>d", "- a\n- b\n\n  c\n\nd\n"),
    ("<ul><li>a<ul><li>b<li>c</ul><li>d</ul>after", "- a\n  - b\n  - c\n- d\n\nafter\n"),
    ("<ol><li>a<ol><li>b</ol><li>c</ol>", "1. a\n   1. b\n2. c\n"),
    ("<ul><li><a href='" + LINK + "'>" + LINK + "</a><li>x</ul>", "- https://x.example/a\n- x\n"),
    ("<p>x</p><ul><li><a href='" + LINK + "'>a</a></ul>", "x\n\n- a (https://x.example/a)\n"),
    # tables
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td></td></tr></table>", "a b\nc\n"),
    ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb\n"),
    ("<table><tr><td><table><tr><td>a</td></tr></table></td></tr><tr><td>b</td></tr></table>", "a\n\nb\n"),
    ("<table><tr><td>&nbsp;</td></tr><tr><td>a</td></tr></table>", "a\n"),
    # links
    ('<a href="https://x.example/1">Track</a>.', "Track (https://x.example/1).\n"),
    ('<a href="https://x.example">https://x.example</a>', "https://x.example\n"),
    ('<a href="https://x.example/">https://x.example</a>', "https://x.example\n"),
    ('<a href="https://x.example/?amount=5&currency=EUR&copy=1">Pay</a>',
     "Pay (https://x.example/?amount=5&currency=EUR&copy=1)\n"),
    ('<a href="https://x.example/?a=1&amp;b=2">Pay</a>', "Pay (https://x.example/?a=1&b=2)\n"),
    ('<a title="a>b" href="https://x.example/">Pay</a>', "Pay (https://x.example/)\n"),
    ("<a href=https://x.example/q?a=b>Pay</a>", "Pay (https://x.example/q?a=b)\n"),
    ('<a href="https://x.example/a\n      ?b=1">go</a>', "go (https://x.example/a?b=1)\n"),
    ('<a href="  https://x.example/a b ">go</a>', "go (https://x.example/a%20b)\n"),
    ('<a href="mailto:a@x.example?subject=Hi">a@x.example</a> <a href="#top">up</a>', "a@x.example up\n"),
    ('<a href="mailto:a@x.example">Write</a>', "Write (a@x.example)\n"),
    ('<a href="tel:+431234">+43 1 234</a>', "+43 1 234\n"),
    ('<a href="javascript:x()">a</a> <a name="x">b</a> <a href="">c</a>', "a b c\n"),
    ("<a href='" + LINK + "'><img src='y.png'></a>", "https://x.example/a\n"),
    ("<a href='" + LINK + "'></a>x", "https://x.example/a x\n"),
    ("<a href='" + LINK + "'><img src='y.png'></a><br><a href='" + LINK + "'>Words</a>", "Words (https://x.example/a)\n"),
    ("<a href='" + LINK + "'><table><tr><td>Big</td></tr></table></a>next", "Big (https://x.example/a)\n\nnext\n"),
    # images
    ('<img src=x alt="Logo"><b>Shop</b>', "Logo Shop\n"),
    ('<b>Our</b><img src="x" alt=" Logo ">', "Our Logo\n"),
    ('<img src="https://x.example/sale%20now.png?v=2">', "[sale now]\n"),
    ('<img src="https://x.example/sale.png" title="Sale">', "Sale\n"),
    ('<img alt="" src="a.png"><img src="https://x.example/open.gif" width=1 height=1>x', "x\n"),
    # hidden
    ('<div style="display:none">Preheader' + FILLER * 40 + "</div>Hi", "Hi\n"),
    ('<div style="DISPLAY : none !important">a</div><p hidden>b</p><p style="visibility:hidden">c</p>d', "d\n"),
    ('<div style="max-height:0;overflow:hidden">a</div><div style="opacity:0.0">b</div>c', "c\n"),
    ('<!--[if mso]><v:roundrect href="https://x.example">b</v:roundrect><![endif]--><a style="mso-hide:all" '
     'href="https://x.example">b</a>', "b (https://x.example)\n"),
    ('<p style="max-width:600px;opacity:0.8;line-height:0;max-height:0.5em">a</p>', "a\n"),
    ('<div style="font-size:0px"><span style="font-size:14px">a</span></div>', "a\n"),
    ("<style>.pre{display:none}@media x{.mob{display:none}}</style><p class=pre>a</p><p class=mob>b</p>", "b\n"),
    ("Hi " + FILLER * 20 + " there", "Hi there\n"),
    ("so&shy;ft <b>&#8203;</b>x", "soft x\n"),
    ("&#1605;&#1740;&zwnj;&#1582;&#1608; 👩&zwj;🔬", "\u0645\u06cc\u200c\u062e\u0648 👩\u200d🔬\n"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "text"), CASES, ids=lambda value: str(value)[:60])
def test_what_html_says_as_text(html: str, text: str) -> None:
    assert text_of(html) == text


def text(html: str, data: dict[str, Any] | None = None, user: dict[str, Any] = USER) -> str | None:
    body = {"channels": {"email": {"html": html}}}
    return Renderer().render(body, "email", locale=None, data=data or {}, user=user).get("text")


RENDERED = [
    ('<a {% if data.a %}href="https://x.example/receipt"{% else %}href="https://x.example/pay"{% endif %}>Details</a>',
     "Details (https://x.example/receipt)\n"),
    ("<a href=\"{% if user.locale == 'de' %}https://x.example/de{% else %}https://x.example/en{% endif %}\">Shop</a>",
     "Shop (https://x.example/de)\n"),
    ("{% raw %}<style>{#a{color:red}}</style>{% endraw %}Hi", "Hi\n"),
    ("{% if not data.a %}{% raw %}<p>hidden</p>{% endraw %}{% endif %}Hi", "Hi\n"),
    ('<a href="{{ data.url }}">{{ data.url }}</a>', "https://x.example/?a=1&currency=2\n"),
    ("{{ user.name|e }} {{ data.sharp }}", "Ada <b>&\n"),
    ("<table>{% for i in data.rows %}<tr><td>{{ i }}</td><td>1</td></tr>{% endfor %}</table>Bye",
     "Tea 1\nCup 1\n\nBye\n"),
    ("{# a note #}{% if data.a %}<p>few</p>{% endif %}", "few\n"),
    ("<p {% if data.a %}class='a'{% endif %}>Hi", "Hi\n"),
    ("{% if data.nothing %}x{% endif %}", None),
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), RENDERED)
def test_the_text_is_that_of_the_html_that_was_rendered(html: str, expected: str | None) -> None:
    data = {
        "a": True,
        "url": "https://x.example/?a=1&currency=2",
        "sharp": "<b>&",
        "rows": ["Tea", "Cup"],
        "nothing": 0,
    }
    assert text(html, data) == expected


def test_a_partial_and_a_layout_are_part_of_the_text() -> None:
    body = {
        "channels": {"email": {"html": '<p>Hi</p>{% include "foot" %}'}},
        "partials": {"foot": "<p>Shop<br>Vienna</p>"},
        "layout": {"channels": {"email": {"html": "<h1>Shop</h1>{{ content }}"}}},
    }
    assert Renderer().render(body, "email", locale=None, data={}, user=USER)["text"] == "Shop\n\nHi\n\nShop\nVienna\n"


def test_a_language_that_has_html_alone_gets_a_text_of_its_own() -> None:
    body = {
        "channels": {"email": {"subject": "Hi", "html": "<p>Hello</p>", "text": "Hello, reader"}},
        "locales": {"de": {"email": {"html": "<p>Hallo</p>"}}, "fr": {"email": {"subject": "Salut"}}},
    }
    texts = {
        locale: Renderer().render(body, "email", locale=locale, data={}, user=USER)["text"]
        for locale in (None, "de-AT", "fr")
    }
    assert texts == {None: "Hello, reader", "de-AT": "Hallo\n", "fr": "Hello, reader"}
    assert parts(body, "email", "de") == {"subject": "Hi", "html": "<p>Hallo</p>"}


def test_html_that_is_the_same_for_all_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(reads: Callable[[str], Any]) -> Callable[[str], Any]:
        def reading(html: str) -> Any:
            read.append(html)
            return reads(html)

        return reading

    monkeypatch.setattr(derived_text, "text_of", noted(text_of))
    monkeypatch.setattr(derived_text, "text_and_links", noted(text_and_links))
    data = {"a": 1}
    for name in ("Ada", "Grace", "O'Brien & Sons", "Zoë"):
        user = {"id": name, "name": name, "locale": "de-AT"}
        assert text("<p>Sale for everybody on 7 May {{ data.a }}", data, user) == "Sale for everybody on 7 May 1\n"
        own = '<html lang="{{ user.locale }}"><p>Dear {{ user.name }}, it is 8 May '
        own += '<a href="https://x.example/8/{{ data.a }}">x'
        assert text(own, data, user) == f"Dear {name}, it is 8 May x (https://x.example/8/1)\n"
    assert len(read) == 2


PIECES = (
    "<p>", "</p>", "<br>", "<div style='display:none'>", "</div>", "<ul><li>", "</ul>", "<pre>", "</pre>",
    "<b>", "</b>", "<!--", "-->", "<style>", "</style>", "<title>", "</title>", " ", "x", "&nbsp;", "</a>",
    "<img alt='{0}'>",
    "{0}", "{1}", "{2}",
    "<a href='https://x.example/{1}'>", "<a href='{1}'>", "<a href=\"https://x.example/?u={0}\">{2}</a>",
    "<html lang='{1}'>", "<p class='{1}' style='{2}'>", "<p title='{0}'>", "<{2}>", "<td>",
    "https://x.example/", "<!-- {2} -->",
)  # fmt: skip
VALUES = (
    "Ada",
    "",
    " ",
    "O'Brien & Sons",
    "a  b",
    "<b>",
    "none",
    "display:none",
    "https://x.example/Ada",
    "-->",
    "x y",
    "\u00a0",
    "é",
    "a\nb",
    "#",
    "8",
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=7), st.lists(st.sampled_from(VALUES), min_size=3, max_size=3)
)
def test_a_text_with_marks_filled_in_is_that_of_the_whole_html(pieces: list[str], values: list[str]) -> None:
    names = ("{{ user.name }}", "{{ user.id }}", "{{ user.locale }}")
    source = "".join(pieces)
    for number, name in enumerate(names):
        source = source.replace("{" + str(number) + "}", name)
    user = dict(zip(("name", "id", "locale"), values, strict=True))
    body = {"channels": {"email": {"html": source}}}
    rendered = Renderer().render(body, "email", locale=None, data={}, user=user)
    assert rendered.get("text", "") == text_of(rendered["html"])


@pytest.mark.parametrize(
    "html",
    [
        "<" * 90_000, "<a " * 30_000, "<p>" * 30_000, "<td>" * 24_000, "<!--" * 24_000, "&" * 90_000,
        "<a href='" * 10_000, "<a href=b>x" * 6_000 + "</a>" * 6_000, "<ul><li>x" * 10_000, "<blockquote>x" * 6_000,
        "<table>" * 14_000, "<b><i><u>x</b></i>" * 5_000, "&#" * 45_000, "\u00a0" * 90_000, "<style>" + "@a{" * 30_000,
        "<style>" + ".a{display:none" * 6_000, "<p style='" + "display: " * 10_000, " \n" * 45_000, "x" * 200_000,
        "<div>" * 4_000 + "</p>" * 4_000,
    ],
    ids=lambda html: html[:20],
)  # fmt: skip
def test_a_text_is_made_soon_whatever_the_html_is(html: str) -> None:
    began = time.thread_time()
    text_of(html)
    assert time.thread_time() - began < 3
