"""Handlebars of Pinpoint and SES as Jinja2: variables, `#if`, `#unless`, `#each`, `else` and comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from ..records import attribute_name
from .converted import Converted, literal

_TAG: Final = re.compile(r"\{\{(\{)?(!--.*?--|[^{}]*?)\}?\}\}", re.DOTALL)
_PATH: Final = re.compile(r"(?:this\.)?[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*|this|\.")
_USER: Final = ("User.UserAttributes.", "Attributes.")
_NAMES: Final = {"User.UserId": "user.id", "Id": "user.id", "Demographic.Locale": "user.locale"}
_OF_LOOP: Final = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_OTHER: Final = ""  # a block that is not converted
WHY_TRIPLE: Final = "unescaped HTML: Fanfare always escapes data"
WHY_PARTIAL: Final = "a partial: make it one of the template's partials"
WHY_BLOCK: Final = "a helper, or a block of Handlebars that is not #if, #unless or #each of one variable"
WHY_HELPER: Final = "a helper: use a filter, or prepare the value in the data"


def handlebars(source: str, defaults: Mapping[str, str] | None = None) -> Converted:
    """Handlebars as Jinja2. `defaults`: what a variable that has no value prints."""
    return _Handlebars(defaults or {}).of(source)


class _Handlebars:
    def __init__(self, defaults: Mapping[str, str]) -> None:
        self.found = Converted()
        self.defaults = defaults
        self.blocks: list[str] = []  # if, unless, each or _OTHER

    def of(self, source: str) -> Converted:
        parts: list[str] = []
        place = 0
        for tag in _TAG.finditer(source):
            parts.append(literal(source[place : tag.start()]))
            place = tag.end()
            parts.append(self._tag(tag))
        self.found.text = "".join(parts) + literal(source[place:])
        if any(self.blocks):
            kind = next(kind for kind in self.blocks if kind)
            self.found.leave(f"{{{{#{kind}}}}}", "is not closed")
        return self.found

    def _tag(self, tag: re.Match[str]) -> str:
        whole, inner = tag[0], tag[2].strip()
        before, after = ("-" if inner.startswith("~") else ""), ("-" if inner.endswith("~") else "")
        inner = inner.strip("~").strip()
        if inner.startswith("!"):
            return ""
        if tag[1] or inner.startswith("&"):
            return self.found.leave(whole, WHY_TRIPLE)
        statement = self._statement(inner)
        if statement is not None:
            return f"{{%{before} {statement} {after}%}}"
        if inner[:1] in ("#", "/", "^", ">") or inner.startswith("else"):
            return self._left(whole, inner)
        path = self._variable(inner)
        default = f" | default({json.dumps(self.defaults[inner])})" if inner in self.defaults else ""
        return f"{{{{{before} {path}{default} {after}}}}}" if path else self.found.leave(whole, WHY_HELPER)

    def _statement(self, inner: str) -> str | None:
        """What a block tag is in Jinja2; None for others."""
        opened = re.fullmatch(r"#(if|unless|each)\s+(\S+)", inner)
        if opened and (path := self._path(opened[2])):
            return self._opened(opened[1], path)
        if not self.blocks or self.blocks[-1] == _OTHER:
            return None
        if inner == "else":
            return "else"
        chained = re.fullmatch(r"else\s+if\s+(\S+)", inner)
        if chained and self.blocks[-1] in ("if", "unless") and (path := self._variable(chained[1])):
            return f"elif {path}"
        return self._closed() if inner.startswith("/") and inner[1:].strip() == self.blocks[-1] else None

    def _opened(self, kind: str, path: str) -> str:
        if kind == "each":
            self.found.loop(path)
        else:
            self.found.use(path)
        self.blocks.append(kind)
        if kind == "each":
            return f"for item{self._depth()} in {path}"
        return f"if {'not ' if kind == 'unless' else ''}{path}"

    def _closed(self) -> str:
        if self.blocks.pop() != "each":
            return "endif"
        self.found.end_loop()
        return "endfor"

    def _left(self, whole: str, inner: str) -> str:
        """A tag that stays. What is inside of its block is converted; its end stays as well."""
        if inner.startswith(">"):
            return self.found.leave(whole, WHY_PARTIAL)
        if inner.startswith(("#", "^")) and inner != "^":
            self.blocks.append(_OTHER)
        elif self.blocks and self.blocks[-1] == _OTHER:  # listed where it began
            if inner.startswith("/"):
                self.blocks.pop()
            return whole
        return self.found.leave(whole, WHY_BLOCK)

    def _variable(self, written: str) -> str | None:
        path = self._path(written)
        if path:
            self.found.use(path)
        return path

    def _depth(self) -> int:
        return self.blocks.count("each")

    def _path(self, written: str) -> str | None:
        """A variable: in a loop, of its element; of Pinpoint's users, theirs; else of the data."""
        depth = self._depth()
        if written in _OF_LOOP and depth:
            return _OF_LOOP[written]
        while depth and written.startswith("../"):
            written, depth = written.removeprefix("../"), depth - 1
        if not _PATH.fullmatch(written) or written == "else":
            return None
        if written in _NAMES:
            return _NAMES[written]
        for prefix in _USER:
            if written.startswith(prefix) and (name := attribute_name(written.removeprefix(prefix))):
                return "user.name" if name in ("name", "firstname") else f"user.attributes.{name}"
        scope = f"item{depth}" if depth else "data"
        return scope if written in ("this", ".") else f"{scope}.{written.removeprefix('this.')}"
