"""What the linter reads: documents, pages, docstrings, comments and strings of the product's files."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from tests.prose.rules import RULES, Rule

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = re.compile(
    r"(app\.py|Makefile|[A-Z]+\.md)|(docs|layers|functions|console|client|infra|deploy|local|tools|testing|bench|findings)/.*"
)
SPOKEN: Final = re.compile(r"\s")  # a string without a blank is a name
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_JINJA: Final = re.compile(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}", re.DOTALL)
_MARKUP: Final = re.compile(r"<style.*?</style>|<[a-z/!][^>]*>", re.DOTALL)
_SPOKEN_ATTRIBUTE: Final = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"')
_CODE: Final = re.compile(r"``?[^`\n]+``?")


class Found(NamedTuple):
    file: str
    line: int
    rule: Rule
    words: str


def files() -> list[str]:
    """The product's files that are under version control, except vendored ones."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    wanted = {".py", ".md", ".html"}
    return [
        name
        for name in listed.splitlines()
        if PRODUCT.fullmatch(name)
        and (PurePath(name).suffix in wanted or name == "Makefile")
        and (ROOT / name).is_file()
    ]


def found_in(name: str) -> list[Found]:
    """Every match of a rule in a file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [
        Found(name, line, rule, match[0])
        for line, said in texts(name, text)
        for rule in RULES
        for match in rule.regex.finditer(plain(said))
    ]


def texts(name: str, text: str) -> Iterator[tuple[int, str]]:
    """The texts of a file, each with its line number."""
    if name.endswith(".py"):
        yield from _strings(text)
        yield from _comments(text)
    else:
        bare = _without_markup(text) if name.endswith(".html") else _blanked(_FENCE, text)
        line = 1
        for paragraph in re.split(r"(\n\s*\n|\n(?=[|*#-] |\d\.))", bare):
            if paragraph.strip():
                yield line, paragraph
            line += paragraph.count("\n")


def plain(text: str) -> str:
    """One line, with CODE in place of inline code."""
    return " ".join(_CODE.sub("CODE", text).split())


def _strings(text: str) -> Iterator[tuple[int, str]]:
    """Docstrings, messages and other strings; of an f-string its fixed parts."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SPOKEN.search(node.value):
            yield node.lineno, node.value


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Comments; those on lines of their own are joined."""
    begin, last, joined = 0, -1, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, said = token.start[0], token.string.lstrip("# ")
        alone = not token.line[: token.start[1]].strip()
        if alone and line == last + 1:
            joined, last = f"{joined} {said}", line
            continue
        if joined:
            yield begin, joined
        begin, last, joined = line, line if alone else -1, said
    if joined:
        yield begin, joined


def _without_markup(text: str) -> str:
    """The text and the spoken attributes of a page; `…` stands for what Jinja fills in."""
    text = _JINJA.sub(lambda match: "…" + "\n" * match[0].count("\n"), text)
    return _MARKUP.sub(
        lambda match: " ".join([*_SPOKEN_ATTRIBUTE.findall(match[0]), "\n" * match[0].count("\n")]), text
    )


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    """Without the matches, but with their line ends."""
    return pattern.sub(lambda match: "\n" * match[0].count("\n") or " ", text)
