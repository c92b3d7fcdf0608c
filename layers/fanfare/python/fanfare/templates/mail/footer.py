"""The footer of a mail, with the link to unsubscribe."""

from __future__ import annotations

import functools
from typing import Final

from markupsafe import Markup, escape

from fanfare.templates.context import BrandSeen
from fanfare.translations import footer_words

# One grey that can be read on white as well as on black: the mail's own colours are not known
GREY: Final = "#767676"
HTML: Final = Markup(
    '<div lang="{language}" dir="{direction}" style="clear:both;margin:24px auto 0;padding:16px;max-width:600px;'
    'font:13px/1.5 Arial,Helvetica,sans-serif;color:{grey};text-align:center">{lines}</div>'
)
PLACE: Final = "\0"  # of the link
LINE: Final = Markup('<p style="margin:0 0 8px">{}</p>')
LINK: Final = Markup('<a href="{}" style="color:{}">{}</a>')


def html_footer(*, topic: str, brand: BrandSeen, unsubscribe: str | None, locale: str | None) -> str:
    """As HTML. Without a link, as in the browser, it has words only."""
    written = _html(topic, brand, locale, unsubscribe is not None)
    return written if unsubscribe is None else _linked(written, escape(unsubscribe))


def text_footer(*, topic: str, brand: BrandSeen, unsubscribe: str | None, locale: str | None) -> str:
    """As plain text."""
    written = _text(topic, brand, locale, unsubscribe is not None)
    return written if unsubscribe is None else _linked(written, unsubscribe)


def _linked(written: str, link: str) -> str:
    begin, _, end = written.rpartition(PLACE)
    return f"{begin}{link}{end}"


@functools.lru_cache(maxsize=256)
def _html(topic: str, brand: BrandSeen, locale: str | None, linked: bool) -> str:
    """With a place for the link."""
    words = footer_words(locale, topic=topic, brand=brand.name)
    lines: list[str] = [*_about(brand), words.why]
    if linked:
        lines.append(LINK.format(PLACE, GREY, words.unsubscribe))
    whole = HTML.format(
        language=words.language,
        direction=words.direction,
        grey=GREY,
        lines=Markup("").join(LINE.format(line) for line in lines),
    )
    return str(whole)


@functools.lru_cache(maxsize=256)
def _text(topic: str, brand: BrandSeen, locale: str | None, linked: bool) -> str:
    """With a place for the link."""
    words = footer_words(locale, topic=topic, brand=brand.name)
    lines = [*_about(brand), words.why]
    if linked:
        lines.append(f"{words.unsubscribe}: {PLACE}")
    return "\n".join(("", "----", *lines, ""))


def _about(brand: BrandSeen) -> list[str]:
    """The sender, if their address is known."""
    return [f"{brand.name}, {' '.join(brand.address.split())}"] if brand.address else []
