"""The starter templates, rendered by the API: what readers of every program get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from fanfare_client import Fanfare, folders, starters

from .deployment import Deployment
from .mail_clients import left_out
from .reading_mail import ASKING, LINK, heading, images, links, seen, words

MAILS: Final = [
    (name, locale)
    for name in (
        "incident-notice",
        "invitation",
        "order-confirmation",
        "receipt",
        "sign-in-code",
        "weekly-summary",
    )
    for locale in ("en", "de")
]
each_mail: Final = pytest.mark.parametrize(("name", "locale"), MAILS, ids=["-".join(each) for each in MAILS])
LOGO: Final = "https://cdn.example.com/logo.png"
Mails = Mapping[tuple[str, str], Mapping[str, Any]]
BRAND: Final[dict[str, Any]] = {
    "name": "Example Shop",
    "url": "https://www.example.com",
    "logo_url": LOGO,
    "colour": "#ffd400",
    "address": "Example Ltd\n1 High Street, Vienna",
}
# GSM 03.38 without its extension, of which a character counts twice
GSM: Final = re.compile(r"[@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*")


@pytest.fixture(scope="module")
def fanfare() -> Fanfare:
    """With a brand, the starters, and the same ones without a text."""
    client = Deployment().client()
    client.brand.put(**BRAND)
    for name, folder in folders.templates_in(starters.FOLDER).items():
        body: Any = folders.read(folder)
        assert client.templates.put(name, **body)["warnings"] == []
        if name != "layout":
            for channels in (body["channels"], body["locales"]["de"]):
                del channels["email"]["text"]
            client.templates.put(f"derived-{name}", **body)
    return client


@pytest.fixture(scope="module")
def mails(fanfare: Fanfare) -> Mails:
    """Every starter, and every one without a text, in both languages."""
    return {
        (name, locale): fanfare.templates.preview(name, channel="email", locale=locale, time_zone="Europe/Vienna")
        for starter, locale in MAILS
        for name in (starter, f"derived-{starter}")
    }


def said(html: str) -> str:
    return " ".join(each.text for each in seen(html, dark=False))


@each_mail
def test_a_mail_asks_nobody_for_anything_but_its_logo(mails: Mails, name: str, locale: str) -> None:
    html = mails[name, locale]["html"]
    assert ASKING.findall(html) == []
    assert re.findall(r"(?:src|background|poster)=\"([^\"]*)\"", html) == [LOGO]
    assert [image["alt"] for image in images(html)] == ["Example Shop"]


@each_mail
def test_every_text_can_be_read_in_light_and_dark(mails: Mails, name: str, locale: str) -> None:
    html = mails[name, locale]["html"]
    for dark in (False, True):
        found = seen(html, dark=dark)
        assert len({each.ground for each in found}) >= 2
        assert [each for each in found if each.contrast < 4.5] == []


@each_mail
def test_a_mail_says_its_language_and_direction(mails: Mails, name: str, locale: str) -> None:
    html = mails[name, locale]["html"]
    # once for browsers, and once for programs that show the body alone
    assert re.findall(r"<(\w+) lang=\"([\w-]*)\" dir=\"(\w*)\"", html) == [
        ("html", locale, "ltr"),
        ("div", locale, "ltr"),
    ]


@each_mail
def test_the_text_of_a_mail_says_what_its_html_says(mails: Mails, name: str, locale: str) -> None:
    sent = mails[name, locale]
    assert links(sent["html"]) == set(LINK.findall(sent["text"]))
    html, text = words(said(sent["html"])), words(sent["text"])
    assert html - text <= words(heading(sent["html"]))
    assert text - html <= words("Example Shop")  # the name, for which the HTML has the logo


@each_mail
def test_the_derived_text_has_every_figure_and_link(mails: Mails, name: str, locale: str) -> None:
    html, text = mails[name, locale]["html"], mails[f"derived-{name}", locale]["text"]
    assert links(html) <= set(LINK.findall(text))
    figures = {word for word in words(said(html)) if any(map(str.isdigit, word))}
    assert figures
    assert figures <= words(text)


@each_mail
def test_no_client_leaves_out_anything_silently(mails: Mails, name: str, locale: str) -> None:
    html = mails[name, locale]["html"]
    assert left_out(html) == []
    assert len(html.encode()) < 102_400


@each_mail
def test_a_mail_has_a_preheader_the_brand_and_one_way_out(mails: Mails, name: str, locale: str) -> None:
    sent = mails[name, locale]
    assert sent["warnings"] == []
    assert 20 < len(sent["preheader"]) < 140
    assert " ".join(sent["preheader"].split()) in sent["html"]
    for part in ("html", "text"):
        assert sent[part].count("https://example.com/v1/unsubscribe/example") == 1
        assert "Example Ltd, 1 High Street, Vienna" in sent[part]
    assert 'bgcolor="#ffd400"' in sent["html"]


@each_mail
def test_the_other_channels_are_short(fanfare: Fanfare, name: str, locale: str) -> None:
    sms = fanfare.templates.preview(name, channel="sms", locale=locale)["text"]
    assert GSM.fullmatch(sms.replace("€", "ee"))
    assert len(sms.replace("€", "ee")) <= 160
    push = fanfare.templates.preview(name, channel="push", locale=locale)
    assert len(push["title"]) <= 50
    assert len(push["body"]) <= 120
    inbox = fanfare.templates.preview(name, channel="inbox", locale=locale)
    assert inbox["title"] == push["title"]


@pytest.mark.parametrize("name", sorted({name for name, _ in MAILS}))
def test_every_part_is_translated(fanfare: Fanfare, name: str) -> None:
    found = fanfare.templates.get(name)
    parts = {channel: set(parts) for channel, parts in found["channels"].items()}
    assert parts == {
        "email": {"subject", "preheader", "html", "text"},
        "sms": {"text"},
        "push": {"title", "body"},
        "inbox": {"title", "body"},
    }
    assert {channel: set(parts) for channel, parts in found["locales"]["de"].items()} == parts
    assert found["layout"] is not None
    assert found["schema"] is not None
    assert found["schema"]["additionalProperties"] is False
    assert set(found["schema"]["required"]) == set(found["example"])


def test_a_client_that_leaves_something_out_is_named() -> None:
    html = '<div style="border-radius:8px;padding:4px"><p style="margin:0 auto">x</p></div><style>p{}</style>'
    assert left_out(html) == [
        "css-border-radius of div: 8px (n)",
        "css-padding of div: 4px (a)",
        "css-margin of p: 0 auto (a)",
        "html-style of body:  (a)",
        "p of style:  (None)",
    ]
