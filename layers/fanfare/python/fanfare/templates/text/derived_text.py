"""Derives the text of a mail for each of its readers, without reading its HTML for each.

The HTML is read once for a message, with marks where it names the reader. What was rendered for a reader then takes the
place of the marks, if that makes no difference to how HTML is read: plain words where text is, a name without blanks
within a link or a language. For anything else, the reader's own HTML is read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Final

from fanfare.data_classes import dataclass
from fanfare.templates.shared_blocks import Block
from fanfare.templates.text.plain_text import text_and_links, text_of

# Characters for private use stand for what is rendered for a reader. A blank within shows what HTML does with blanks.
BEGIN, END = "\ue000", "\ue001"
MARKS: Final = re.compile(f"[{BEGIN}{END}]")
MARK: Final = re.compile(f"{BEGIN}([0-9]+) \\1{END}")
IN_LINK: Final = re.compile(f"{BEGIN}([0-9]+)%20\\1{END}")
HOLE: Final = re.compile(f"{BEGIN}([0-9]+)(?: |%20)\\1{END}")
# The attributes in which a name changes nothing, and links that begin with an address of the author's
LANGUAGE: Final = re.compile(f"(?:lang|dir)=[\"']{BEGIN}[0-9]+ [0-9]+{END}[\"']$")
HREF: Final = re.compile(f"href=[\"']https?://[^\"'<>\\s{BEGIN}]++[^\"'<>]*+$")
STYLE: Final = re.compile(f"<(?:style|script)[^<]*{BEGIN}", re.IGNORECASE)

NAME: Final = re.compile(r"[A-Za-z0-9._~-]*+")
ENTITIES: Final[Mapping[str, str]] = {"&lt;": "<", "&gt;": ">", "&#39;": "'", "&#34;": '"', "&amp;": "&"}
# No blanks at the ends and none next to each other, no markup, nothing that is invisible or breaks lines
WORDS: Final = re.compile(
    "(?! )(?:[^<>&\\x00-\\x1f\\x7f-\\xa0\\xad\\u034f\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff"
    "\\ue000\\ue001]|&(?:lt|gt|#39|#34|amp);)++(?<! )"
)


@dataclass(frozen=True)
class Outline:
    """The text of a message, in pieces between which a reader's blocks are printed. `blocks`: place → name, and whether
    it is within a link; `names`: blocks that are not printed, e.g. the language of the page."""

    pieces: tuple[str, ...]
    blocks: tuple[tuple[str, bool], ...]
    names: tuple[str, ...]

    def filled(self, rendered: Mapping[str, str]) -> str | None:
        """The text with what was rendered for a reader; None if that could be read otherwise within its HTML."""
        if not all(NAME.fullmatch(rendered[name]) for name in self.names):
            return None
        text = [self.pieces[0]]
        for (name, linked), piece in zip(self.blocks, self.pieces[1:], strict=True):
            value = rendered[name]
            if not value or not (NAME if linked else WORDS).fullmatch(value) or "  " in value:
                return None
            if not linked and "&" in value:
                for entity, character in ENTITIES.items():
                    value = value.replace(entity, character)
            text += [value, piece]
        return "".join(text)


def derived(blocks: Sequence[Block], rendered: Mapping[str, str]) -> str:
    """The text of HTML that was rendered in blocks. It is read once per message, as far as it is the same for all."""
    html = "".join(rendered.values())
    if all(each.shared for each in blocks):
        return _of_everybody(html)
    known = outline(tuple((each.name, rendered[each.name] if each.shared else None) for each in blocks))
    text = known.filled(rendered) if known is not None else None
    return text_of(html) if text is None else text


@functools.lru_cache(maxsize=32)
def _of_everybody(html: str) -> str:
    return text_of(html)


@functools.lru_cache(maxsize=32)
def outline(pieces: tuple[tuple[str, str | None], ...]) -> Outline | None:
    """The outline of HTML that is given as blocks: name, and text or, for a reader's own, None.

    None if what is printed for a reader could change how the rest is read.
    """
    own = [name for name, text in pieces if text is None]
    if any(MARKS.search(text) for _, text in pieces if text is not None):
        return None
    numbers = {name: number for number, name in enumerate(own)}
    html = "".join(_mark(numbers[name]) if text is None else text for name, text in pieces)
    places = [_place(html, _mark(number)) for number in range(len(own))]
    if None in places or STYLE.search(html):
        return None
    found, links = text_and_links(html)
    seen = [int(number) for number in HOLE.findall(found)]
    if not _as_expected(found, seen, places) or not _links_differ(links):
        return None
    split = HOLE.split(found)
    return Outline(
        pieces=tuple(split[::2]),
        blocks=tuple((own[int(number)], places[int(number)] == "link") for number in split[1::2]),
        names=tuple(name for name, number in numbers.items() if number not in seen),
    )


def _mark(number: int) -> str:
    return f"{BEGIN}{number} {number}{END}"


def _place(html: str, mark: str) -> str | None:
    """Where a mark is: in text, in a link, in the name of a language; None: elsewhere in a tag or comment."""
    at = html.index(mark)
    before = html[max(0, at - 2_000) : at]
    if before.rfind("<") <= before.rfind(">") and "<!--" not in before[before.rfind("-->") + 1 :]:
        return "text"
    if LANGUAGE.search(before + html[at : at + len(mark) + 1]):
        return "language"
    return "link" if HREF.search(before) else None


def _as_expected(found: str, seen: Sequence[int], places: Sequence[str | None]) -> bool:
    """Whether each mark is printed once at most, whole, and where its kind is."""
    if len(seen) != len(set(seen)) or len(MARKS.findall(found)) != 2 * len(seen):
        return False
    linked = {int(number) for number in IN_LINK.findall(found)}
    printed = {int(number) for number in MARK.findall(found)}
    return linked == {number for number in seen if places[number] == "link"} and printed | linked == set(seen)


def _links_differ(links: Sequence[tuple[str, str]]) -> bool:
    """Whether no link depends on what it is compared with: its own words, or a picture next to it that leads there."""
    if any(MARKS.search(label) for label, _ in links):
        return False
    return not any(MARKS.search(target) for _, target in links) or all(label for label, _ in links)
