"""A mail that can be left says so to its reader, once in each part."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.templates.context import BrandSeen, KnownLinks, MessageContext, TopicSeen
from fanfare.templates.renderer import Renderer

LINK = "https://notify.shop.example/v1/unsubscribe/WyJhIl0.sig-na_ture"
CONTEXT = MessageContext(
    topic=TopicSeen("news", "The news"),
    brand=BrandSeen("Shop"),
    links=KnownLinks(unsubscribe=LINK, preferences="https://p.example", view="https://v.example"),
    footer=True,
)


def mail(context: MessageContext = CONTEXT, locale: str | None = "en", **parts: str) -> dict[str, str]:
    body = {"channels": {"email": {"subject": "Hi", **parts}}}
    user = {"id": "ada", "name": "Ada", "locale": locale}
    return Renderer().render(body, "email", locale=locale, data={}, user=user, context=context)


def html(source: str, **more: Any) -> str:
    return mail(html=source, text="Hi {{ links.unsubscribe }}", **more)["html"]


def test_each_part_gets_the_link_that_it_lacks() -> None:
    sent = mail(html="<p>Hi</p>", text="Hi")
    assert sent["html"].startswith("<p>Hi</p><div")
    assert f'<a href="{LINK}"' in sent["html"]
    assert sent["text"] == (
        f"Hi\n\n----\nYou get this mail because you are subscribed to “The news” from Shop.\nUnsubscribe: {LINK}\n"
    )


@pytest.mark.parametrize("printed", ["{{ links.unsubscribe }}", "{{ links.unsubscribe|urlencode }}"])
def test_a_part_that_prints_the_link_has_no_second_one(printed: str) -> None:
    assert html(f'<a href="{printed}">Leave</a>').count("sig-na_ture") == 1
    assert mail(text=f"Leave: {printed}")["text"].count("sig-na_ture") == 1


def test_a_part_is_looked_at_as_it_was_rendered_for_its_reader() -> None:
    source = "{% if user.name == 'Bob' %}{{ links.unsubscribe }}{% endif %}Hi"
    assert LINK in html(source)
    assert LINK in html("{{ links.preferences }}")


def test_text_that_was_derived_from_html_has_one_link_too() -> None:
    assert mail(html="<p>Hi</p>")["text"].count(LINK) == 1
    assert mail(html='<a href="{{ links.unsubscribe }}">Leave</a>')["text"] == f"Leave ({LINK})\n"


def test_without_a_footer_nothing_is_added() -> None:
    required = MessageContext(topic=CONTEXT.topic, brand=CONTEXT.brand)
    assert mail(required, html="<p>Hi</p>", text="Hi") == {"subject": "Hi", "html": "<p>Hi</p>", "text": "Hi"}


@pytest.mark.parametrize(
    ("locale", "words", "way"),
    [
        ("de-AT", "Sie erhalten diese E-Mail, weil Sie „The news“ von Shop abonniert haben.", "ltr"),
        ("ar", "تصلكم هذه الرسالة لأنكم مشتركون في «The news» من Shop.", "rtl"),
        ("zh-CN", "您收到此邮件，是因为您订阅了 Shop 的“The news”。", "ltr"),  # noqa: RUF001
        ("ko", "You get this mail because you are subscribed to “The news” from Shop.", "ltr"),
    ],
)
def test_the_footer_speaks_the_readers_language(locale: str, words: str, way: str) -> None:
    sent = html("<p>Hi</p>", locale=locale)
    assert words in sent
    assert f'dir="{way}"' in sent


def test_a_title_is_text_in_the_footer() -> None:
    context = MessageContext(
        topic=TopicSeen("news", "<b>News</b> {0}"), brand=CONTEXT.brand, links=CONTEXT.links, footer=True
    )
    assert "“&lt;b&gt;News&lt;/b&gt; {0}”" in html("<p>Hi</p>", context=context)


def test_the_footer_says_where_the_sender_is() -> None:
    brand = BrandSeen("Shop", address="1 Ring\n1010 Vienna")
    context = MessageContext(topic=CONTEXT.topic, brand=brand, links=CONTEXT.links, footer=True)
    assert "Shop, 1 Ring 1010 Vienna" in html("<p>Hi</p>", context=context)


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("<p>Hi</p>", "", ""),
        ("<html><body class='a>b'>Hi</body></html>", "<html><body class='a>b'>", "</body></html>"),
        ("<BODY>Hi<!-- </body> --></BODY >\n", "<BODY>", "</BODY >\n"),
        ("<html><head><style>a{}</style></head><p>Hi</html>", "<html><head><style>a{}</style></head>", "</html>"),
        ("<style>a{}</style><p>Hi", "<style>a{}</style>", ""),
        ("<body>{{ user.name }}</body>", "<body>", "</body>"),
        ("{{ user.name }}", "", ""),
        ("<body><table><tr><td>Hi</body>", "<html><head></head><body>", "</body></html>"),
        ("Hi<!-- never closed", "<html><head></head><body>", "</body></html>"),
    ],
)
def test_the_preheader_is_the_first_and_the_footer_the_last_that_is_read(source: str, before: str, after: str) -> None:
    sent = mail(html=source, preheader="Soon & {{ user.name }}")["html"]
    assert sent.startswith(f'{before}<div style="display:none')
    assert ">Soon &amp; Ada&#8199;" in sent
    assert sent.endswith(f"Unsubscribe</a></p></div>{after}")


def test_html_that_is_well_formed_stays_as_it_is_but_for_what_is_added() -> None:
    source = "<!DOCTYPE html>\n<body bgcolor=white><!--[if mso]><table><![endif]--><P>Grüße&nbsp;&copy;<br></P></body>"
    begin, _, end = html(source).partition("<div lang")
    assert begin + end[end.index("</div>") + 6 :] == source


def test_a_preheader_is_not_in_the_text() -> None:
    sent = mail(html="<p>Hi</p>", preheader="Soon")
    assert sent["text"].startswith("Hi\n")
    assert "Soon" not in sent["text"]


def test_every_reader_gets_their_own_link() -> None:
    body = {
        "channels": {"email": {"subject": "Hi", "html": "<body>{% if user.name %}<b>{{ user.name }}</b>{% endif %}"}}
    }
    data: dict[str, Any] = {}
    for name in ("Ada", "", "Zoë"):
        context = MessageContext(
            topic=CONTEXT.topic, brand=CONTEXT.brand, links=KnownLinks(unsubscribe=f"https://u/{name}x"), footer=True
        )
        user = {"id": "u", "name": name}
        sent = Renderer().render(body, "email", locale=None, data=data, user=user, context=context)
        assert sent["html"].startswith(f"<body><b>{name}</b><div" if name else "<body><div")
        assert f'href="https://u/{name}x"' in sent["html"]


def test_templates_see_topic_links_and_brand() -> None:
    source = "{{ topic.id }} {{ topic.title }} {{ links.unsubscribe }} {{ links.view }} {{ brand.name }}{{ brand.url }}"
    assert mail(text=source)["text"] == f"news The news {LINK} https://v.example Shop"


def test_links_that_there_are_not_print_nothing() -> None:
    sent = mail(MessageContext(brand=BrandSeen("Shop")), text="{% if topic %}t{% endif %}[{{ links.view }}]")
    assert sent["text"] == "[]"
