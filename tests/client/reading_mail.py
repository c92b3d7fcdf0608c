"""A mail as its readers see it: words, links, colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .mail_clients import declarations

DARK: Final = re.compile(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", re.DOTALL)
RULE: Final = re.compile(r"\s*\.([a-z-]+) \{ (color|background-color|border-color): (#[0-9a-f]{6}) !important; \}")
# What makes a reader's program ask for something elsewhere, except for pictures
ASKING: Final = re.compile(
    r"<(?:link|script|iframe|object|embed|video|audio|source|form|base)\b|@import|url\(|srcset", re.I
)
LINK: Final = re.compile(r"https?://[^\s()<>\"']+|[\w.]+@[\w.]+\w")


@dataclass(frozen=True)
class Seen:
    """Text with its colours."""

    text: str
    colour: str = "#000000"
    ground: str = "#ffffff"

    @property
    def contrast(self) -> float:
        """By WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
        darker, lighter = sorted((_luminance(self.colour), _luminance(self.ground)))
        return (lighter + 0.05) / (darker + 0.05)


def seen(html: str, *, dark: bool) -> list[Seen]:
    """All text that is visible."""
    body = LexborHTMLParser(html).body
    assert body is not None
    return list(_seen(body, Seen(""), dark_rules(html) if dark else {}))


def dark_rules(html: str) -> dict[str, dict[str, str]]:
    """Class → property → colour. Every rule for dark mode is one that is understood here."""
    (sheet,) = DARK.findall(html)
    assert RULE.sub("", sheet).strip() == ""
    return {name: {which: colour} for name, which, colour in RULE.findall(sheet)}


def words(text: str) -> set[str]:
    """Words of letters and figures, without addresses."""
    return set(re.findall(r"[^\W_]+(?:[.,:][0-9]+)*", LINK.sub(" ", text)))


def links(html: str) -> set[str]:
    """Where a mail's HTML leads to."""
    found = [node.attributes.get("href") or "" for node in LexborHTMLParser(html).css("a")]
    return {each.removeprefix("mailto:") for each in found}


def images(html: str) -> list[dict[str, str | None]]:
    return [dict(node.attributes) for node in LexborHTMLParser(html).css("img")]


def heading(html: str) -> str:
    found = LexborHTMLParser(html).css("h1")
    assert len(found) == 1
    return found[0].text()


def _seen(node: LexborNode, around: Seen, rules: Mapping[str, Mapping[str, str]]) -> Iterator[Seen]:
    if node.is_text_node:
        if node.text().strip():
            yield replace(around, text=node.text())
        return
    style = dict(declarations(node.attributes.get("style") or "")) if node.attributes else {}
    if style.get("display") == "none":
        return
    for name in (node.attributes.get("class") or "").split():
        style |= rules.get(name, {})
    inner = replace(
        around, colour=style.get("color", around.colour), ground=style.get("background-color", around.ground)
    )
    for child in node.iter(include_text=True):
        yield from _seen(child, inner, rules)


def _luminance(colour: str) -> float:
    red, green, blue = (each / 255 for each in bytes.fromhex(colour.removeprefix("#")))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
