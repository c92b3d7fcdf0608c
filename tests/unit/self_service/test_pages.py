"""The pages that people open: what is in them, and whether it can be read."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from fanfare.channels import CHANNELS
from fanfare.domain.catalogue import Brand, BrandLink
from fanfare.self_service import pages
from fanfare.self_service.pages import lists, rendering, texts
from fanfare.self_service.pages.lists import Choice, Way
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.mails import Mail
from fanfare.self_service.preferences.ceilings import Ceilings

LOOK = Look(brand=Brand(name="Fanfare"))
STYLE = (rendering.FOLDER / "style.css").read_text(encoding="utf-8")
# what stands on what: WCAG 2.2 AA asks for 4.5 to 1
PAIRS = [
    ("ink", "card"),
    ("soft", "card"),
    ("soft", "ground"),
    ("accent", "card"),
    ("accent", "ground"),
    ("button-ink", "button"),
    ("good-ink", "good"),
    ("ink", "ground"),
]


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root\{([^}]*)\}", STYLE)
    return dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", light if scheme == "light" else dark))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_text_stands_out_from_what_it_stands_on(scheme: str, front: str, back: str) -> None:
    known = colours(scheme)
    darker, lighter = sorted((luminance(known[front]), luminance(known[back])))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def choices(title: str = "News") -> list[Choice]:
    ways = tuple(Way(channel=name, subscribed=True) for name in CHANNELS)
    return [Choice(topic="news", title=title, description="", category="news", required=False, ways=ways)]


@pytest.mark.parametrize("colour", ["#ffd400", "#ffffff", "#000000", "#0b57a4", "#777777", "#ff0000", "#1e2327"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_whatever_the_brands_colour(colour: str, scheme: str) -> None:
    of_brand = Look(brand=Brand(name="Fanfare", colour=colour)).colours()
    light, dark = re.findall(r":root\{([^}]*)\}", of_brand)
    known = colours(scheme) | dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", light))
    if scheme == "dark":
        known |= dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", dark))
    assert known["button"] == colour
    for front, back, least in [
        ("accent", "card", 4.5),
        ("accent", "ground", 4.5),
        ("button-ink", "button", 4.5),
        ("edge", "card", 3.0),
    ]:
        darker, lighter = sorted((luminance(known[front]), luminance(known[back])))
        assert (lighter + 0.05) / (darker + 0.05) >= least, (front, back)


def test_every_choice_has_a_label_and_every_group_a_legend() -> None:
    ceilings = Ceilings(at_most={"email": 3, "sms": None}, digest_at=None)
    page = lists.preferences(LOOK, choices(), ceilings=ceilings, whose="a***@e***.com", opted_out=False, saved=False)
    assert page.count('<label class="way"><span>') == 3
    assert page.count('<label class="yes"><input type="checkbox"') == len(CHANNELS) + 1
    assert "<legend>News</legend>" in page
    assert "What Fanfare sends to a***@e***.com" in page
    assert (page.count("<h1>"), page.count("<main>")) == (1, 1)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_has_its_words(name: str) -> None:
    assert texts.CHANNELS[name]
    assert texts.BY_CHANNEL[name]


@pytest.mark.parametrize("colour", [None, "#ffd400"])
def test_the_style_is_let_in_by_its_hash_and_a_change_would_be_noticed(colour: str | None) -> None:
    look = Look(brand=Brand(name="Fanfare", colour=colour))
    (style,) = re.findall(r"<style>(.*)</style>", pages.problem(look, "link_invalid"), re.DOTALL)
    assert style.startswith(STYLE)
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = rendering.headers(look)["Content-Security-Policy"]
    assert f"style-src 'sha256-{known}'" in policy
    assert "unsafe" not in policy


def test_images_come_from_the_logos_origin_alone() -> None:
    look = Look(brand=Brand(name="Shop", logo_url="https://Bücher.example:8443/logo.png?a=1;script-src *"))
    page = pages.problem(look, "link_invalid")
    assert "img-src https://xn--bcher-kva.example:8443;" in rendering.headers(look)["Content-Security-Policy"]
    assert '<img src="https://Bücher.example:8443/logo.png?a=1;script-src *" alt="Shop">' in page
    assert "img-src" not in rendering.headers(LOOK)["Content-Security-Policy"]
    assert "<img" not in pages.problem(LOOK, "link_invalid")


def test_a_page_shows_the_brand_and_its_links_in_the_readers_language() -> None:
    link = BrandLink(titles={"en": "Privacy", "de": "Datenschutz"}, url="https://shop.example/privacy")
    brand = Brand(name="Shop", url="https://shop.example", address="1 High Street\nLondon", links=(link,))
    page = pages.problem(Look(brand=brand, language="de"), "link_invalid")
    assert '<html lang="de" dir="ltr">' in page
    assert '<a href="https://shop.example/privacy">Datenschutz</a>' in page
    assert "<bdi>1 High Street</bdi><br><bdi>London</bdi>" in page
    assert ">Privacy<" in pages.problem(Look(brand=brand, language="tr"), "link_invalid")


def test_a_page_in_arabic_goes_from_right_to_left() -> None:
    page = pages.problem(Look(brand=Brand(name="Shop"), language="ar"), "link_invalid")
    assert '<html lang="ar" dir="rtl">' in page


@pytest.mark.parametrize("code", ["link_invalid", "link_expired", "unavailable", "internal_error", "not_found"])
def test_a_page_says_what_to_do_and_no_code(code: str) -> None:
    page = pages.problem(LOOK, code)
    assert code not in page
    assert re.search(r"<h1>[A-Z][^<]+</h1>\s*<p>[A-Z]", page)


def mail(colour: str | None = None) -> Mail:
    return Mail(
        "Subject",
        ["{brand}: {topic}", "b", "c", "d"],
        "https://x.example/?a=1&b=2",
        look=Look(brand=Brand(name="Q&A", colour=colour)),
        stop="https://x.example/s",
        topic="<1>",
    )


def test_a_mail_in_plain_text_is_not_escaped_and_one_in_html_is() -> None:
    assert mail().text().startswith("Q&A: <1>\n")
    assert "https://x.example/?a=1&b=2" in mail().text()
    assert "Q&amp;A: &lt;1&gt;" in mail().html()


def test_the_html_of_a_mail_writes_no_url_out_and_its_button_is_a_cell() -> None:
    html = mail(colour="#ffd400").html()
    assert not re.search(r"https?:|www\.", re.sub(r"<[^>]*>", "", html))
    assert '<td bgcolor="#ffd400"' in html
    assert re.search(r'<a href="https://x\.example/\?a=1&amp;b=2" style="[^"]*color:#000000', html)
