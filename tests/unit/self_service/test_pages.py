"""The pages that people open: what is in them, and whether it can be read."""

from __future__ import annotations

import re

import pytest
from fanfare.channels import CHANNELS
from fanfare.channels.base import AddressRefused
from fanfare.self_service import pages
from fanfare.self_service.pages import Choice, Way, texts

STYLE = (pages.FOLDER / "style.css").read_text(encoding="utf-8")
# what stands on what: WCAG 2.2 AA asks for 4.5 to 1
PAIRS = [
    ("ink", "card"),
    ("soft", "card"),
    ("soft", "ground"),
    ("accent", "card"),
    ("accent-ink", "accent"),
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
    ways = tuple(Way(channel=name, subscribed=True, reachable=False) for name in CHANNELS)
    return [Choice(topic="news", title=title, description="", category="news", required=False, ways=ways)]


def test_every_choice_has_a_label_and_every_group_a_legend() -> None:
    page = pages.preferences(choices(), opted_out=False, saved=False, brand="Fanfare")
    assert page.count('<label class="yes"><input type="checkbox"') == len(CHANNELS) + 1
    assert "<legend>News</legend>" in page
    assert (page.count("<h1>"), page.count("<main>")) == (1, 1)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_has_its_words(name: str) -> None:
    assert texts.CHANNELS[name]
    assert texts.BY_CHANNEL[name]
    try:
        CHANNELS[name].address({})
    except AddressRefused:
        assert texts.NO_ADDRESS[name]


def test_the_style_is_let_in_by_its_hash_and_a_change_would_be_noticed() -> None:
    page = pages.problem("link_invalid", brand="Fanfare")
    assert f"<style>{STYLE}</style>" in page
    assert "unsafe" not in pages.headers()["Content-Security-Policy"]


@pytest.mark.parametrize("code", ["link_invalid", "link_expired", "unavailable", "internal_error", "not_found"])
def test_a_page_says_what_to_do_and_no_code(code: str) -> None:
    page = pages.problem(code, brand="Fanfare")
    assert code not in page
    assert re.search(r"<h1>[A-Z][^<]+</h1>\s*<p>[A-Z]", page)


def test_a_mail_in_plain_text_is_not_escaped_and_one_in_html_is() -> None:
    mail = pages.Mail(
        "Subject", ["{topic}", "b", "c", "d"], "https://x.example/?a=1&b=2", stop="https://x.example/s", topic="Q&A <1>"
    )
    assert "Q&A <1>" in pages.mail_text(mail, brand="")
    assert "https://x.example/?a=1&b=2" in pages.mail_text(mail, brand="")
    assert "Q&amp;A &lt;1&gt;" in pages.mail_html(mail, brand="")
