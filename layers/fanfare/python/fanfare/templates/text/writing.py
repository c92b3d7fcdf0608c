"""Writes plain text: gaps between blocks, what lines of lists and quotes begin with, addresses of links."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

DEPTH: Final = 8  # levels of lists and quotes that are indented
SPACE: Final = re.compile(r"[ \t\n\r\f]+")
# Not visible: soft hyphen, combining grapheme joiner, zero width space, word joiner, byte order mark
INVISIBLE: Final = re.compile("[\u00ad\u034f\u200b\u2060\ufeff]+")
# A mail's preview is filled up with these, by the hundred; alone, the joiners shape a word or an emoji
FILLER: Final = re.compile(r"[\u00a0\u2007\u200c-\u200f\u2061-\u2064\s]{4,}")


class Level:
    """What lines within an item or a quote begin with: the first, and the others."""

    def __init__(self, first: str, rest: str) -> None:
        self.first, self.rest, self.begun = first, rest, False


class TextWriter:
    """Collects text. Gaps are written when text follows, and so is what a line begins with."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.words: list[str] = []  # the pieces, without what lines begin with
        self.gap = 0  # line breaks before the next text
        self.blank = False  # whether there is white space before the next text
        self.levels: list[Level] = []
        self.links: list[tuple[str, str]] = []
        self.bare: tuple[str, int] | None = None  # the last link without words: where it leads, and its piece

    def text(self) -> str:
        lines = [line.rstrip() for line in "".join(self.pieces).split("\n")]
        text = re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
        return f"{text}\n" if text else ""

    def block(self, gap: int = 1) -> None:
        """The begin or end of a block. 1: in a new line, 2: after a blank line."""
        if not self.levels or self.levels[-1].begun:
            self.gap = max(self.gap, gap)
        self.blank = False

    def line_break(self) -> None:
        self.gap = min(2, self.gap + 1)
        self.blank = False

    def space(self) -> None:
        self.blank = True

    def say(self, data: str) -> None:
        if not data.isascii():
            data = FILLER.sub(" ", INVISIBLE.sub("", data))
        text = SPACE.sub(" ", data)
        words = text.strip(" \u00a0") if self.gap or not self.pieces else text.strip(" ")
        if not words.strip("\u00a0"):
            self.blank = self.blank or bool(text)
            return
        self.blank = self.blank or text[0] == " "
        self.put(words)
        self.blank = text[-1] == " "

    def say_as_it_is(self, data: str) -> None:
        for place, line in enumerate(data.split("\n")):
            if place:
                self.line_break()
            if line.strip():
                self.put(line.rstrip())

    def put(self, words: str) -> None:
        if self.gap or not self.pieces:
            lead = "".join(level.rest if level.begun else level.first for level in self.levels[:DEPTH])
            for level in reversed(self.levels):
                if level.begun:
                    break
                level.begun = True
            self.pieces.append("\n" * self.gap + lead if self.pieces else lead)
            self.words.append(" ")
        elif self.blank:
            self.pieces.append(" ")
            self.words.append(" ")
        self.gap, self.blank = 0, False
        self.pieces.append(words)
        self.words.append(words)

    def link(self, target: str) -> Callable[[], None]:
        """The begin of a link. Returns what is to be done at its end."""
        begin, before = len(self.words), self.bare

        def end() -> None:
            label = "".join(self.words[begin:]).strip()
            self.links.append((label, target))
            if not target or (label and _same(label, target)):
                return
            if label:
                self.pieces.append(f" ({target})")
                if before is not None and before[0] == target:  # a picture, and words below it
                    self.pieces[before[1]] = ""
            elif self.bare is None or self.bare[0] != target:
                self.blank = True
                self.put(target)
                self.bare = target, len(self.pieces) - 1
                self.blank = True

        return end


def _same(label: str, target: str) -> bool:
    if label == target or "".join(label.split()).rstrip("/") == target.rstrip("/"):
        return True
    return re.sub(r"[\s().-]", "", label) == re.sub(r"[\s().-]", "", target) and target[:1] in "+0123456789"
