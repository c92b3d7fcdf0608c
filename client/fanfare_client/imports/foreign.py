"""Templates from elsewhere: Handlebars of Pinpoint and SES, and Mailchimp's merge tags, where it is mechanical.

What is not is left as it is, and listed with the reason; Fanfare warns of it when the template is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from .records import attribute_name

_TAG: Final = re.compile(r"\{\{(\{)?(!--.*?--|[^{}]*?)\}?\}\}", re.DOTALL)
_PATH: Final = re.compile(r"(?:this\.)?[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*|this|\.")
_MERGE: Final = re.compile(r"\*\|([^|*]+)\|\*")
USER: Final = ("User.UserAttributes.", "Attributes.")
NAMES: Final = {"User.UserId": "user.id", "Id": "user.id", "Demographic.Locale": "user.locale"}
MERGED: Final = {
    "UNSUB": "links.unsubscribe",
    "UPDATE_PROFILE": "links.preferences",
    "ARCHIVE": "links.view",
    "LIST:COMPANY": "brand.name",
    "LIST:ADDRESS": "brand.address",
}


@dataclass
class Converted:
    """`left`: (what is not converted, why). `example`: data that have all variables. `scopes`: of loops, inside."""

    text: str = ""
    left: list[tuple[str, str]] = field(default_factory=list)
    example: dict[str, Any] = field(default_factory=dict)
    scopes: list[dict[str, Any]] = field(default_factory=list)

    def use(self, path: str) -> None:
        """Have the example contain a variable."""
        head, _, rest = path.partition(".")
        if head != "data" and not head.startswith("item"):
            return
        scope = self.scopes[-1] if head != "data" and self.scopes else self.example
        *outer, last = rest.split(".")
        for name in outer:
            inner = scope.setdefault(name, {})
            scope = inner if isinstance(inner, dict) else {}
        if last:
            scope.setdefault(last, last)

    def loop(self, path: str) -> None:
        """Have the example contain a list, whose element is the scope from now on."""
        element: dict[str, Any] = {}
        scope = self.scopes[-1] if path.startswith("item") and self.scopes else self.example
        scope[path.rpartition(".")[2]] = [element]
        self.scopes.append(element)


def handlebars(source: str) -> Converted:
    """Handlebars as Jinja2: variables, `#if`, `#unless`, `#each`, `else` and comments."""
    found = Converted()
    blocks: list[str] = []
    parts: list[str] = []
    place = 0
    for tag in _TAG.finditer(source):
        parts.append(source[place : tag.start()])
        place = tag.end()
        parts.append(_tag(tag, blocks, found))
    found.text = "".join(parts) + source[place:]
    if blocks:
        found.left.append((f"{{{{#{blocks[-1]}}}}}", "is not closed"))
    return found


def _tag(tag: re.Match[str], blocks: list[str], found: Converted) -> str:
    whole, inner = tag[0], tag[2].strip().strip("~").strip()
    opened = re.fullmatch(r"#(if|unless|each)\s+(\S+)", inner)
    converted: str | None = None
    if inner.startswith("!"):
        converted = ""
    elif tag[1]:
        found.left.append((whole, "unescaped HTML: Fanfare always escapes data"))
        return whole
    elif inner == "else" and blocks:
        converted = "{% else %}"
    elif opened and _PATH.fullmatch(opened[2]):
        converted = _opened(opened[1], _path(opened[2], blocks), blocks, found)
    elif inner.startswith("/") and blocks and inner[1:].strip() == blocks[-1]:
        converted = _closed(blocks, found)
    elif _PATH.fullmatch(inner) and inner != "else":
        path = _path(inner, blocks)
        found.use(path)
        converted = f"{{{{ {path} }}}}"
    if converted is None:
        partial = inner.startswith(">")
        found.left.append((whole, "a partial: make it one of the template's partials" if partial else "a helper"))
    return whole if converted is None else converted


def _opened(kind: str, path: str, blocks: list[str], found: Converted) -> str:
    blocks.append(kind)
    if kind == "each":
        found.loop(path)
        return f"{{% for item{blocks.count('each')} in {path} %}}"
    found.use(path)
    return f"{{% if {'not ' if kind == 'unless' else ''}{path} %}}"


def _closed(blocks: list[str], found: Converted) -> str:
    if blocks.pop() != "each":
        return "{% endif %}"
    found.scopes.pop()
    return "{% endfor %}"


def _path(written: str, blocks: list[str]) -> str:
    """A variable: in a loop, of its element; of Pinpoint's users, theirs; else of the data."""
    depth = blocks.count("each")
    if written in NAMES:
        return NAMES[written]
    for prefix in USER:
        if written.startswith(prefix) and (name := attribute_name(written.removeprefix(prefix))):
            return "user.name" if name in ("name", "firstname") else f"user.attributes.{name}"
    if written in ("this", "."):
        return f"item{depth}" if depth else "data"
    name = written.removeprefix("this.")
    return f"item{depth}.{name}" if depth else f"data.{name}"


def merge_tags(source: str) -> Converted:
    """Mailchimp's merge tags as Jinja2: fields, `IF`, `ELSE`, and the links and names that Fanfare has."""
    found = Converted()

    def one(tag: re.Match[str]) -> str:
        word = tag[1].strip()
        if word in MERGED:
            return f"{{{{ {MERGED[word]} }}}}"
        if word.startswith("IF:") and (name := attribute_name(word[3:])) and re.fullmatch(r"\w+", word[3:]):
            return f"{{% if {_field(name)} %}}"
        if word in ("ELSE:", "ELSE"):
            return "{% else %}"
        if word == "END:IF":
            return "{% endif %}"
        if re.fullmatch(r"[A-Z][A-Z0-9_]*", word) and word != "EMAIL" and (name := attribute_name(word)):
            return f"{{{{ {_field(name)} }}}}"
        found.left.append(
            (tag[0], "templates do not see the address" if word == "EMAIL" else "Fanfare has no such tag")
        )
        return tag[0]

    found.text = _MERGE.sub(one, source)
    return found


def _field(name: str) -> str:
    return "user.name" if name == "fname" else f"user.attributes.{name}"
