"""The blocks of code and the links in what people read: README and docs, as their tests see them.

A block is run or checked for what it is. What stands in a comment just before it says otherwise:

    <!-- not run: why -->     it cannot be, here; how many there are is asserted
    <!-- model: Name -->      JSON that this model of fanfare.schemas takes
    <!-- answer -->           JSON of the shape that the block of shell before it ends with
    <!-- module: name -->     Python that is to be a file: others import it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sybil import Document, Region
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, RawFencedCodeBlockLexer

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = {
    str(path.relative_to(ROOT)): path for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
}
_FENCE: Final = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[a-z]*)$\n", re.MULTILINE))
_MARK: Final = DirectiveInHTMLCommentLexer("not run|model|answer|module")
_LINK: Final = re.compile(r"\[[^\]\n]*(?:\n[^\]\n]*)?\]\((?P<target>[^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} (?P<title>.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    file: str
    line: int
    language: str
    source: str
    mark: str = ""
    said: str = ""  # what the mark says

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def blocks(file: str) -> list[Block]:
    """All of a document, in their order."""
    document = Document(DOCS[file].read_text(encoding="utf-8"), file)
    marks = list(_MARK(document))
    return [_block(document, region, marks) for region in _FENCE(document)]


def _block(document: Document, region: Region, marks: list[Region]) -> Block:
    lexemes = region.lexemes
    line = document.text.count("\n", 0, region.start) + 1
    block = Block(document.path, line, lexemes["language"], str(lexemes["source"]))
    for mark in marks:
        # the region of a comment ends before its end sign
        if document.text[mark.end : region.start].strip() == "-->":
            return replace(block, mark=mark.lexemes["directive"], said=mark.lexemes["arguments"])
    return block


CHANNELS: Final = "layers/fanfare/python/fanfare/channels/__init__.py"


def edits_of_the_tutorial() -> list[tuple[str, list[str]]]:
    """The lines of `CHANNELS` that the tutorial changes, each with what takes its place."""
    (shown,) = [block for block in blocks("docs/tutorial.md") if block.language == "text"]
    edits: list[tuple[str, list[str]]] = []
    for line in shown.source.splitlines():
        if line.startswith("-"):
            edits.append((line[1:], []))
        else:
            edits[-1][1].append(line.removeprefix("+"))
    return edits


def prose(file: str) -> str:
    """Without its blocks."""
    text = DOCS[file].read_text(encoding="utf-8")
    document = Document(text, file)
    for region in sorted(_FENCE(document), key=lambda region: -region.start):
        text = text[: region.start] + text[region.end :]
    return text


def links(file: str) -> Iterator[str]:
    """Where a document leads to within the repository."""
    for found in _LINK.finditer(prose(file)):
        if "://" not in found["target"] and not found["target"].startswith("mailto:"):
            yield found["target"]


def anchors(file: str) -> set[str]:
    """The anchors that its headings get: lower case, hyphens for spaces, other signs left out."""
    return {
        re.sub(r"[^\w\- ]", "", heading["title"].lower()).replace(" ", "-")
        for heading in _HEADING.finditer(prose(file))
    }
