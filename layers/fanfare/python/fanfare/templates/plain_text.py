"""Derives the text part of a mail that has only HTML, from the template's source, with its template tags.

It is derived when a template is stored, not per recipient. No library handles template sources: here the template
tags are hidden from the HTML parser and keep their order, also at places where HTML does not allow text, e.g. between
the rows of a table.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fanfare.templates.includes import CHARACTERS, INCLUDES

OPENS: Final = re.compile(r"\{[{%#]")
CLOSES: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
INCLUDE: Final = re.compile(r"""\{%[-+]?\s*include\s+(["'])(?P<name>[^"']+)\1\s*[-+]?%\}""")
# Characters for private use replace the tags: statements, and tags that print
STATEMENT, PRINT, END = "\ue000", "\ue001", "\ue002"
STAND_IN: Final = re.compile(f"[{STATEMENT}{PRINT}]([0-9]+){END}")
# A line break; a line break unless there is one; a blank line unless there is one
BREAK, LINE, PARAGRAPH = "\n", "\x1e", "\f"
BREAKS: Final = re.compile(f"([{BREAK}{LINE}{PARAGRAPH}][{BREAK}{LINE}{PARAGRAPH} ]*)")
STATEMENTS_ALONE: Final = re.compile(f"({STATEMENT}[0-9]+{END} ?)+")

# No backtracking: a name begins where no name precedes, and quantifiers are possessive (`*+`).
ELEMENT: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>|<[!?][^<>]*+>")
ATTRIBUTE: Final = re.compile(r"""(?<![a-zA-Z-])([a-zA-Z-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")
# HTML has no such character, and Python does not read numbers with that many digits
NO_CHARACTER: Final = re.compile(r"&#[0-9]{8,}+;?")
UNSEEN: Final = frozenset({"head", "script", "style", "template", "title"})
PARAGRAPHS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul", "blockquote"})
LINES: Final = frozenset({"article", "div", "footer", "header", "hr", "li", "main", "section", "tr", "dd", "dt", "nav"})
CELLS: Final = frozenset({"td", "th"})


def text_of(source: str, partials: Mapping[str, str]) -> str:
    """The source of a text part with the same content as the HTML source."""
    tags: list[str] = []

    def hidden(tag: str) -> str:
        if tag.startswith("{#"):
            return ""
        tags.append(tag)
        return f"{PRINT if tag.startswith('{{') else STATEMENT}{len(tags) - 1}{END}"

    plain = re.sub(f"[{STATEMENT}{PRINT}{END}]", "", _with_partials(source, partials, _Room()))
    reader = _HtmlReader()
    reader.read(_without_comments(_without_tags(plain, hidden)))
    # braces that were written as entities are not tags
    text = OPENS.sub(lambda match: f"{{{{ '{match[0]}' }}}}", _laid_out(reader.text))
    return STAND_IN.sub(lambda match: tags[int(match[1])], text).strip() + "\n"


def _without_tags(source: str, hidden: Callable[[str], str]) -> str:
    """The source with each template tag replaced by `hidden(tag)`."""
    pieces: list[str] = []
    at = 0
    while opening := OPENS.search(source, at):
        end = source.find(CLOSES[opening[0]], opening.end())
        if end < 0:
            break
        pieces += [source[at : opening.start()], hidden(source[opening.start() : end + 2])]
        at = end + 2
    return "".join([*pieces, source[at:]])


def _without_comments(source: str) -> str:
    pieces: list[str] = []
    at = 0
    while (begin := source.find("<!--", at)) >= 0:
        pieces.append(source[at:begin])
        end = source.find("-->", begin + 4)
        at = end + 3 if end >= 0 else len(source)
    return "".join([*pieces, source[at:]])


def _with_partials(source: str, partials: Mapping[str, str], room: _Room) -> str:
    """The source with partials inserted, up to the limits of `room`."""
    pieces: list[str] = []
    at = 0
    for include in INCLUDE.finditer(source):
        partial = partials.get(include["name"], "")
        if not room.takes(partial):
            break
        pieces += [source[at : include.start()], _with_partials(partial, partials, room)]
        at = include.end()
    return "".join([*pieces, source[at:]])


class _Room:
    """Limits of inserted partials: includes in HTML comments are counted nowhere else."""

    def __init__(self) -> None:
        self.includes, self.characters = INCLUDES, CHARACTERS

    def takes(self, partial: str) -> bool:
        self.includes -= 1
        self.characters -= len(partial)
        return self.includes >= 0 and self.characters >= 0


def _laid_out(text: str) -> str:
    """The text with normalised white space: at most one blank line, and no lines for statements alone."""
    written: list[str] = []
    breaks = spent = 0
    for place, piece in enumerate(BREAKS.split(text)):
        if place % 2:
            wanted = 2 if PARAGRAPH in piece else min(2, max(1, piece.count(BREAK)))
            breaks, spent = max(0, wanted - spent), 0
        elif line := " ".join(piece.split()):
            alone = STATEMENTS_ALONE.fullmatch(line)
            spent = (breaks if written else 2) if alone else 0
            written += [BREAK * breaks if written else "", line]
            breaks = 0
    return "".join(written)


class _HtmlReader:
    """Writes down what a reader would see."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.unseen = 0
        self.links: list[tuple[str, int]] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def read(self, source: str) -> None:
        at = 0
        for element in ELEMENT.finditer(source):
            self._says(source[at : element.start()])
            at = element.end()
            if element[2]:
                tag = element[2].lower()
                if element[1]:
                    self._ends(tag)
                else:
                    self._begins(tag, dict(_attributes(element[3])))
        self._says(source[at:])

    def _begins(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag == "br":
            self.pieces.append(BREAK)
        elif tag in PARAGRAPHS:
            self.pieces.append(PARAGRAPH)
        elif tag in LINES:
            self.pieces.append(LINE + {"li": "- ", "hr": f"----{LINE}"}.get(tag, ""))
        elif tag in CELLS:
            self.pieces.append(" ")
        elif tag == "img":
            self.pieces.append(attributes.get("alt", ""))
        elif tag == "a":
            self.links = [(attributes.get("href", ""), len(self.pieces))]  # a nested link ends the outer one

    def _ends(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag in PARAGRAPHS:
            self.pieces.append(PARAGRAPH)
        elif tag in LINES:
            self.pieces.append(LINE)
        elif tag == "a" and self.links:
            target, begun = self.links.pop()
            target = target.removeprefix("mailto:")
            if target and not target.startswith("#") and target != "".join(self.pieces[begun:]).strip():
                self.pieces.append(f" ({target})")

    def _says(self, data: str) -> None:
        if not self.unseen:
            self.pieces.append(re.sub(r"\s+", " ", _unescaped(data)))


def _attributes(written: str) -> Iterator[tuple[str, str]]:
    for name, *values in ATTRIBUTE.findall(written):
        yield name.lower(), _unescaped("".join(values))


def _unescaped(text: str) -> str:
    return html.unescape(NO_CHARACTER.sub("\ufffd", text))
