"""The text part of a mail that has only HTML, read by an HTML parser from what was rendered.

Text is written as a reader sees the mail: without what is hidden, with the address of each link once, with lists and
their numbers. https://html.spec.whatwg.org/multipage/rendering.html says which elements are blocks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from fanfare.templates.text import HTML_LIMIT
from fanfare.templates.text.writing import Level, TextWriter

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

UNSEEN: Final = frozenset(
    {"head", "script", "style", "template", "title", "svg", "-comment", "object", "audio", "video"}
)
PARAGRAPHS: Final = frozenset({"dl", "h1", "h2", "h3", "h4", "h5", "h6", "p", "table"})
LINES: Final = frozenset(
    {"address", "article", "aside", "caption", "center", "dd", "details", "dialog", "div", "dt", "fieldset",
     "figcaption", "figure", "footer", "form", "header", "legend", "main", "nav", "option", "search", "section",
     "summary", "tbody", "tfoot", "thead", "tr"}
)  # fmt: skip

# `mso-hide` hides in Outlook alone, which gets a button of its own
HIDES: Final = re.compile(
    r"display\s*+:\s*+none|visibility\s*+:\s*+hidden"
    r"|(?<![\w-])(?:max-height|max-width|opacity)\s*+:\s*+0*+(?:\.0++)?(?:px|em|%)?\s*+(?:!important\s*+)?(?:;|$)",
    re.IGNORECASE,
)
BLOCK_STYLE: Final = re.compile(r"display\s*+:\s*+(?:block|table|flex|list-item)\b", re.IGNORECASE)
AT_RULE: Final = re.compile(r"@[^{};@]*+\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}")
RULE: Final = re.compile(r"(?<![^{}])([^{}]*+)\{([^{}]*+)\}")

IMAGE_FILE: Final = re.compile(r"([^/?#]{1,80})\.(?:png|jpe?g|gif|webp|svg|avif)(?:[?#]|$)", re.IGNORECASE)
TINY: Final = frozenset({"0", "1", "2", "0px", "1px"})


def text_of(html: str) -> str:
    """The HTML of a mail as plain text; empty if nothing of it can be read."""
    return text_and_links(html)[0]


def text_and_links(html: str) -> tuple[str, Sequence[tuple[str, str]]]:
    """The text, and its links: words, and where they lead."""
    if len(html) > HTML_LIMIT:
        return "", ()
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - most workers never need it

    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None:
        return "", ()
    hidden = [_hidden_classes(each.text()) for each in tree.css("style")] if "<style" in html else []
    reader = _Reader(frozenset().union(*hidden))
    waiting: list[tuple[LexborNode | None, Callable[[], None] | None]] = [(body.first_child, None)]
    while waiting:
        node, leave = waiting.pop()
        if node is None:
            if leave is not None:
                leave()
            continue
        waiting.append((node.next, leave))
        tag = node.tag or ""
        if tag == "-text":
            reader.say(node.text_content or "")
        elif tag not in UNSEEN and not reader.is_hidden(attributes := node.attributes):
            waiting.append((node.first_child, reader.enter(tag, attributes)))
    return reader.writer.text(), reader.writer.links


@functools.lru_cache(maxsize=64)
def _hidden_classes(style: str) -> frozenset[str]:
    """Classes that a style sheet hides on every screen."""
    found: set[str] = set()
    for selectors, rules in RULE.findall(AT_RULE.sub("", style)):
        if HIDES.search(rules):
            found.update(name for each in selectors.split(",") if (name := _class(each.strip())))
    return frozenset(found)


def _class(selector: str) -> str:
    """The class that a simple selector is about, e.g. `.preheader` or `p.preheader`; else empty."""
    tag, _, name = selector.partition(".")
    simple = (not tag or tag.isalnum()) and name.replace("-", "").replace("_", "").isalnum()
    return name if simple else ""


@functools.lru_cache(maxsize=4096)
def _style(style: str) -> tuple[bool, bool]:
    """Whether an element with this style is hidden, and whether it is a block."""
    return HIDES.search(style) is not None, BLOCK_STYLE.search(style) is not None


class _List:
    def __init__(self, number: int | None) -> None:
        self.number = number  # of the next item; None if items have none
        self.begun = False


class _Reader:
    """What each element means for the text."""

    def __init__(self, hidden: frozenset[str]) -> None:
        self.hidden = hidden
        self.writer = TextWriter()
        self.preformatted = self.links = 0
        self.lists: list[_List] = []

    def say(self, data: str) -> None:
        if self.preformatted:
            self.writer.say_as_it_is(data)
        else:
            self.writer.say(data)

    def enter(self, tag: str, attributes: Mapping[str, str | None]) -> Callable[[], None] | None:
        """The begin of an element. Returns what is to be done at its end."""
        if (special := ELEMENTS.get(tag)) is not None:
            return special(self, attributes)
        if gap := 2 if tag in PARAGRAPHS else 1 if tag in LINES or _is_block(attributes) else 0:
            self.writer.block(gap)
            return self.writer.block if gap == 1 else self._end_of_paragraph
        return None

    def is_hidden(self, attributes: Mapping[str, str | None]) -> bool:
        if _style(attributes.get("style") or "")[0] or "hidden" in attributes:
            return True
        return bool(self.hidden) and not self.hidden.isdisjoint((attributes.get("class") or "").split())

    def _end_of_paragraph(self) -> None:
        self.writer.block(2)

    def img(self, attributes: Mapping[str, str | None]) -> None:
        self.writer.space()
        self.writer.say(_words_of_image(attributes, linked=self.links > 0))
        self.writer.space()

    def a(self, attributes: Mapping[str, str | None]) -> Callable[[], None]:
        self.links += 1
        if _is_block(attributes):
            self.writer.block()
        end = self.writer.link(_target(attributes.get("href") or ""))

        def leave() -> None:
            self.links -= 1
            end()
            if _is_block(attributes):
                self.writer.block()

        return leave

    def ol(self, attributes: Mapping[str, str | None]) -> Callable[[], None]:
        return self._list(_number(attributes.get("start"), 1))

    def ul(self, _: Mapping[str, str | None]) -> Callable[[], None]:
        return self._list(None)

    def _list(self, number: int | None) -> Callable[[], None]:
        gap = 1 if self.lists else 2
        self.writer.block(gap)
        self.lists.append(_List(number))

        def leave() -> None:
            self.lists.pop()
            self.writer.block(gap)

        return leave

    def li(self, attributes: Mapping[str, str | None]) -> Callable[[], None]:
        marker, this = "- ", self.lists[-1] if self.lists else _List(None)
        if this.number is not None:
            number = _number(attributes.get("value"), this.number)
            this.number, marker = number + 1, f"{number}. "
        self.writer.block()
        if this.begun and self.writer.gap:
            self.writer.gap = 1  # items are not apart from each other
        this.begun = True
        return self._level(Level(marker, " " * len(marker)), 1)

    def blockquote(self, _: Mapping[str, str | None]) -> Callable[[], None]:
        self.writer.block(2)
        return self._level(Level("> ", "> "), 2)

    def _level(self, level: Level, gap: int) -> Callable[[], None]:
        self.writer.levels.append(level)

        def leave() -> None:
            self.writer.levels.pop()
            self.writer.block(gap)

        return leave

    def pre(self, _: Mapping[str, str | None]) -> Callable[[], None]:
        self.writer.block(2)
        self.preformatted += 1

        def leave() -> None:
            self.preformatted -= 1
            self.writer.block(2)

        return leave


def _br(reader: _Reader, _: Mapping[str, str | None]) -> None:
    reader.writer.line_break()


def _hr(reader: _Reader, _: Mapping[str, str | None]) -> None:
    reader.writer.block(2)
    reader.writer.put("----")
    reader.writer.block(2)


def _cell(reader: _Reader, _: Mapping[str, str | None]) -> Callable[[], None]:
    reader.writer.space()
    return reader.writer.space


ELEMENTS: Final[Mapping[str, Callable[[_Reader, Mapping[str, str | None]], Callable[[], None] | None]]] = {
    "a": _Reader.a, "blockquote": _Reader.blockquote, "br": _br, "dir": _Reader.ul, "hr": _hr,
    "img": _Reader.img, "li": _Reader.li, "menu": _Reader.ul, "ol": _Reader.ol, "pre": _Reader.pre,
    "td": _cell, "th": _cell, "ul": _Reader.ul,
}  # fmt: skip


def _is_block(attributes: Mapping[str, str | None]) -> bool:
    return _style(attributes.get("style") or "")[1]


def _number(written: str | None, otherwise: int) -> int:
    written = (written or "").strip()
    return int(written) if re.fullmatch("-?[0-9]{1,9}", written) else otherwise


def _target(href: str) -> str:
    """Where a link leads, as a reader can follow it; empty if nowhere outside of the mail."""
    target = "".join([line.strip() for line in href.splitlines()]).replace("\t", "").replace(" ", "%20")
    scheme = target.partition(":")[0].lower()
    if not target or target.startswith("#") or scheme in {"javascript", "data", "cid", "vbscript"}:
        return ""
    if scheme in {"mailto", "tel", "sms"}:
        return unquote(target.partition(":")[2].partition("?")[0])
    return target


def _words_of_image(attributes: Mapping[str, str | None], *, linked: bool) -> str:
    """The alternative text; an image without one has its name, unless it is a dot that counts readers."""
    if "alt" in attributes or attributes.get("title"):
        return attributes.get("alt") or attributes.get("title") or ""
    if linked or {attributes.get("width"), attributes.get("height")} & TINY:
        return ""
    name = IMAGE_FILE.search(attributes.get("src") or "")
    return f"[{unquote(name[1])}]" if name else ""
